import unittest

from flagpost.flags import (
    Decision,
    Flag,
    InvalidFlag,
    Reason,
    bucket,
    evaluate,
    flag_from_json,
    flag_to_json,
)

USERS = [f"user-{number}" for number in range(2000)]


def enabled_users(rollout: int, name: str = "new-checkout") -> set[str]:
    flag = Flag(name, rollout)
    return {user for user in USERS if evaluate(flag, user).enabled}


class EvaluateTest(unittest.TestCase):
    def test_a_rollout_of_zero_reaches_nobody_and_of_hundred_everybody(self) -> None:
        self.assertEqual(enabled_users(0), set())
        self.assertEqual(enabled_users(100), set(USERS))

    def test_a_rollout_reaches_about_its_share_of_the_users(self) -> None:
        self.assertAlmostEqual(len(enabled_users(30)) / len(USERS), 0.30, delta=0.04)

    def test_raising_a_rollout_takes_the_flag_from_nobody(self) -> None:
        self.assertLess(enabled_users(10), enabled_users(20))

    def test_two_flags_do_not_pick_the_same_users(self) -> None:
        self.assertNotEqual(enabled_users(50), enabled_users(50, "dark-mode"))

    def test_a_denied_user_stays_out_of_a_full_rollout(self) -> None:
        flag = Flag("new-checkout", 100, denied=frozenset({"ada"}))
        self.assertEqual(evaluate(flag, "ada"), Decision(False, Reason.DENIED))

    def test_an_allowed_user_needs_no_rollout(self) -> None:
        flag = Flag("new-checkout", 0, allowed=frozenset({"ada"}))
        self.assertEqual(evaluate(flag, "ada"), Decision(True, Reason.ALLOWED))

    def test_buckets_never_change(self) -> None:
        # Fixed values: another hash would move users in and out of running rollouts.
        buckets = [bucket("new-checkout", user) for user in ("ada", "bob", "zoë")]
        self.assertEqual(buckets, [32, 58, 1])


class JsonTest(unittest.TestCase):
    def test_a_flag_survives_the_way_through_json(self) -> None:
        flag = Flag("dark-mode", 5, "For the night", frozenset({"b", "a"}), frozenset({"c"}))
        self.assertEqual(flag_from_json(flag_to_json(flag)), flag)

    def test_only_the_name_is_needed(self) -> None:
        self.assertEqual(flag_from_json({"name": "dark-mode"}), Flag("dark-mode"))

    def test_bad_data_is_refused_with_the_field_that_is_wrong(self) -> None:
        cases: list[tuple[object, str]] = [
            (["dark-mode"], "object"),
            ({}, "name"),
            ({"name": "Dark Mode"}, "name"),
            ({"name": "dark-mode", "rollout": 101}, "rollout"),
            ({"name": "dark-mode", "rollout": True}, "rollout"),
            ({"name": "dark-mode", "description": 7}, "description"),
            ({"name": "dark-mode", "allowed": "ada"}, "allowed"),
            ({"name": "dark-mode", "allowed": ["ada"], "denied": ["ada"]}, "ada"),
            ({"name": "dark-mode", "percent": 5}, "percent"),
        ]
        for data, named in cases:
            with self.subTest(data=data), self.assertRaisesRegex(InvalidFlag, named):
                flag_from_json(data)

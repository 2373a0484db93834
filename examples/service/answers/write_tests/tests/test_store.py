import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flagpost.flags import Flag
from flagpost.store import FlagNotFound, FlagStore, StoreCorrupt


class FlagStoreTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = Path(folder) / "data" / "flags.json"

    def test_a_new_store_is_empty_and_writes_nothing(self) -> None:
        self.assertEqual(FlagStore(self.path).list_flags(), ())
        self.assertFalse(self.path.exists())

    def test_flags_are_there_after_a_restart(self) -> None:
        flag = Flag("dark-mode", 5, "Für die Nacht", frozenset({"ada"}))
        FlagStore(self.path).put(flag)
        self.assertEqual(FlagStore(self.path).get("dark-mode"), flag)

    def test_put_tells_a_new_flag_from_a_replaced_one(self) -> None:
        store = FlagStore(self.path)
        self.assertTrue(store.put(Flag("dark-mode", 5)))
        self.assertFalse(store.put(Flag("dark-mode", 10)))
        self.assertEqual(store.get("dark-mode").rollout, 10)

    def test_flags_are_listed_by_name(self) -> None:
        store = FlagStore(self.path)
        for name in ("b", "c", "a"):
            store.put(Flag(name))
        self.assertEqual([flag.name for flag in store.list_flags()], ["a", "b", "c"])

    def test_a_deleted_flag_is_gone_from_the_file_too(self) -> None:
        store = FlagStore(self.path)
        store.put(Flag("dark-mode"))
        store.delete("dark-mode")
        self.assertEqual(FlagStore(self.path).list_flags(), ())

    def test_an_unknown_flag_is_named(self) -> None:
        store = FlagStore(self.path)
        for action in (store.get, store.delete):
            with self.subTest(action=action), self.assertRaisesRegex(FlagNotFound, "dark-mode"):
                action("dark-mode")

    def test_changes_from_many_threads_are_all_kept(self) -> None:
        store = FlagStore(self.path)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(store.put, [Flag(f"flag-{number}") for number in range(40)]))
        self.assertEqual(len(FlagStore(self.path).list_flags()), 40)

    def test_a_change_that_cannot_be_written_does_not_show(self) -> None:
        store = FlagStore(self.path)
        self.path.mkdir(parents=True)  # a folder stands where the file should go
        with self.assertRaises(OSError):
            store.put(Flag("dark-mode"))
        self.assertEqual(store.list_flags(), ())

    def test_a_file_that_holds_something_else_is_refused_and_left_alone(self) -> None:
        self.path.parent.mkdir()
        contents = ("{", "[]", '{"format": 2}', '{"format": 1}', '{"format": 1, "flags": [{}]}')
        for content in contents:
            self.path.write_text(content, encoding="utf-8")
            with self.subTest(content=content), self.assertRaises(StoreCorrupt):
                FlagStore(self.path)
            self.assertEqual(self.path.read_text(encoding="utf-8"), content)

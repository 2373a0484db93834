"""Maps of secrets in blocks, hidden by the Prefect API value by value."""

from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler, SecretStr
from pydantic_core import CoreSchema


class SecretMaps(BaseModel):
    """To be inherited, before `Block`, by blocks with fields of type `dict[str, SecretStr]`.

    Prefect takes such a field for one secret text, finds none under its name and shows all its values. It hides what is
    below a field whose name ends in `.*`, which it writes for its own `SecretDict` alone.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        reference = super().__get_pydantic_json_schema__(core_schema, handler)
        schema = handler.resolve_ref_schema(reference)
        if "secret_fields" in schema:
            maps = {name for name, field in cls.model_fields.items() if field.annotation == dict[str, SecretStr]}
            schema["secret_fields"] = [f"{name}.*" if name in maps else name for name in schema["secret_fields"]]
            for name in maps:
                # Schemas that differ in their secret fields alone are one to Prefect: a server would keep the old one.
                schema["properties"][name]["writeOnly"] = True
        return reference

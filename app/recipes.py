"""What can be trained with: the shipped recipes and their fields, as the training's own command says them.

It is a process of its own, asked once: the service knows nothing of training, and what ships does not change.
"""

import subprocess
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.children import SJMVI
from app.schemas import example

COMMAND = (*SJMVI, "train", "--recipes")
TIMEOUT_S = 120.0


class ShippedRecipe(BaseModel):
    name: str
    description: str = Field(description="what it is for")
    values: dict[str, Any] = Field(description="of every field, by sections")


class RecipeBook(BaseModel):
    model_config = ConfigDict(
        populate_by_name=True,
        **example(
            {
                "recipes": [
                    {
                        **{"name": "quick", "description": "A first model on two cores."},
                        "values": {"data": {"size": 64}, "training": {"steps": 1500}},
                    }
                ],
                "schema": {"type": "object", "properties": {}},
            }
        ),
    )

    recipes: list[ShippedRecipe] = Field(description="by name")
    json_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema of a recipe's values")


@cache
def recipe_book() -> RecipeBook:
    """Seconds the first time. Raises what subprocess does where the command fails."""
    said = subprocess.run(
        COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True
    )
    return RecipeBook.model_validate_json(said.stdout)

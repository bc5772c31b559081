"""GET /v1/recipes: what a form for a training is made from."""

import jsonschema
from httpx import Client


def test_every_shipped_recipe_keeps_to_the_schema_beside_it(client: Client) -> None:
    book = client.get("/v1/recipes").json()
    assert [recipe["name"] for recipe in book["recipes"]] == [
        "cyclegan",
        "horse2zebra",
        "horse2zebra-128",
        "quick",
    ]
    for recipe in book["recipes"]:
        jsonschema.validate(recipe["values"], book["schema"])
        assert recipe["values"]["training"]["steps"] >= 1
        assert recipe["description"]


def test_it_is_asked_once_and_kept_by_the_client(client: Client) -> None:
    first = client.get("/v1/recipes")
    again = client.get("/v1/recipes", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304

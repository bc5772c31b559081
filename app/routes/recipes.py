"""GET /v1/recipes: what a training can be told, for whoever makes a form of it."""

from fastapi import APIRouter

from app.caching import NOT_MODIFIED, RevalidatedRoute
from app.recipes import RecipeBook, recipe_book

router = APIRouter(prefix="/v1", tags=["jobs"], route_class=RevalidatedRoute, responses=NOT_MODIFIED)


@router.get("/recipes", operation_id="list_recipes")
def list_recipes() -> RecipeBook:
    """The shipped ones with all their values, and the schema that a job's `set` has to keep to."""
    return recipe_book()

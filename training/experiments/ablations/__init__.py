"""One factor at a time from one base, on a real pair of domains: what each choice of the recipe is worth."""

"""The page's templates, styles, script and the vendored Vega runtime."""

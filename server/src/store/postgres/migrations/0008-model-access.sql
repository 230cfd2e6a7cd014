-- Which models a key may call: those that its own list and its project's both name. NULL: every model. Empty: none.

ALTER TABLE project
  ADD COLUMN models text[] CHECK (cardinality(models) <= 256 AND array_position(models, NULL) IS NULL);
ALTER TABLE api_key
  ADD COLUMN models text[] CHECK (cardinality(models) <= 256 AND array_position(models, NULL) IS NULL);

-- What a request was for and how it was served: its tier, its end user, and buckets for images, audio and hosted tools.
-- Rows of before are of the standard tier, and had nothing in these buckets.

ALTER TABLE usage
  ADD COLUMN tier text COLLATE "C" NOT NULL DEFAULT 'standard',
  ADD COLUMN end_user text COLLATE "C",
  ADD COLUMN image_input token_count NOT NULL DEFAULT 0,
  ADD COLUMN audio_input token_count NOT NULL DEFAULT 0,
  ADD COLUMN image_output token_count NOT NULL DEFAULT 0,
  ADD COLUMN audio_output token_count NOT NULL DEFAULT 0,
  ADD COLUMN tool_calls token_count NOT NULL DEFAULT 0;

-- Of prices of before: an image or a sound costs what it was counted as, and the request itself nothing.
ALTER TABLE price
  ADD COLUMN image_input bigint CHECK (image_input >= 0),
  ADD COLUMN audio_input bigint CHECK (audio_input >= 0),
  ADD COLUMN image_output bigint CHECK (image_output >= 0),
  ADD COLUMN audio_output bigint CHECK (audio_output >= 0),
  ADD COLUMN tool_calls bigint NOT NULL DEFAULT 0 CHECK (tool_calls >= 0),
  ADD COLUMN request bigint NOT NULL DEFAULT 0 CHECK (request >= 0);
ALTER TABLE price DISABLE TRIGGER price_is_immutable;
UPDATE price SET image_input = input, audio_input = input, image_output = output, audio_output = output;
ALTER TABLE price ENABLE ALWAYS TRIGGER price_is_immutable;
ALTER TABLE price
  ALTER COLUMN image_input SET NOT NULL,
  ALTER COLUMN audio_input SET NOT NULL,
  ALTER COLUMN image_output SET NOT NULL,
  ALTER COLUMN audio_output SET NOT NULL;

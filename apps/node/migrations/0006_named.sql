-- Which pins the chain names. PostgreSQL takes this file as it is. A migration that was released is never changed.

-- named: 1 if an event of the contracts, or a keyring that one names, was seen to name the root. Others end some day.
ALTER TABLE pins ADD COLUMN named BIGINT NOT NULL DEFAULT 0 CHECK (named IN (0, 1));
CREATE INDEX pins_not_named ON pins (changed_at) WHERE named = 0;

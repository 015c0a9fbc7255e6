-- Which pins the chain names. PostgreSQL takes this file as it is. A migration that was released is never changed.

-- named: 1 if an event of the contracts was seen to name the root, 2 if a keyring did that an event names. Others end some
-- day. missed_at: when the events were read and did not name it, in seconds since 1970; 0 if that was not so.
ALTER TABLE pins ADD COLUMN named BIGINT NOT NULL DEFAULT 0 CHECK (named IN (0, 1, 2));
ALTER TABLE pins ADD COLUMN missed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX pins_not_named ON pins (changed_at) WHERE named = 0;

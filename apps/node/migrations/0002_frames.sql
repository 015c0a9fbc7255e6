-- The room of frames. PostgreSQL takes this file as it is. SQLite stores the frames of a BYTEA column as they are.

-- The channels that have frames, or had some lately.
-- run: names this life of the channel. A channel that was forgotten comes back with a higher one.
-- newest: how many frames it got in this run; each has the next place, from 1 on. removed: those up to here are gone.
-- number: the publisher's number of the newest frame, 64 bits as a signed number.
-- held: what its frames count, in bytes. used_at: when the newest one came, in milliseconds since 1970.
CREATE TABLE frame_channels (
    run BIGINT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    channel TEXT NOT NULL,
    newest BIGINT NOT NULL,
    removed BIGINT NOT NULL CHECK (removed <= newest),
    number BIGINT NOT NULL,
    held BIGINT NOT NULL CHECK (held >= 0),
    used_at BIGINT NOT NULL,
    UNIQUE (account, channel)
);
CREATE INDEX frame_channels_by_use ON frame_channels (used_at);

-- at: when it came, in milliseconds since 1970.
CREATE TABLE frames (
    run BIGINT NOT NULL REFERENCES frame_channels (run),
    place BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    frame BYTEA NOT NULL,
    PRIMARY KEY (run, place),
    UNIQUE (run, number)
);
CREATE INDEX frames_by_age ON frames (at);

-- What all frames count, in bytes.
CREATE TABLE frame_totals (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    held BIGINT NOT NULL CHECK (held >= 0)
);
INSERT INTO frame_totals (id, held) VALUES (1, 0);

-- The room of blocks. PostgreSQL takes this file as it is. A migration that was released is never changed.
--
-- Numbers that count against a quota: a block counts its bytes, and at least 4096 (its file and its rows); each row of
-- pinned_blocks counts 512. So small blocks and many pins over the same blocks cannot fill the disk either.

-- Accounts with blocks, lower case, and what counts against the quota of each.
CREATE TABLE accounts (
    account TEXT NOT NULL PRIMARY KEY,
    held BIGINT NOT NULL CHECK (held >= 0)
);

-- The same for the whole node, where a block of several accounts counts once.
CREATE TABLE node (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    held BIGINT NOT NULL CHECK (held >= 0)
);
INSERT INTO node (id, held) VALUES (1, 0);

-- The blocks that may be served. A row is older than the bytes in the backing store, so all of these bytes are counted.
CREATE TABLE blocks (
    cid TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL CHECK (size >= 0),
    cost BIGINT NOT NULL CHECK (cost > 0)
);

-- Who has which block. put_at: when the account last put it, in seconds since 1970; 0 if it only pinned it.
-- pins: how many of its pins reach the block; with 0 the row ends some time after put_at.
CREATE TABLE holds (
    account TEXT NOT NULL REFERENCES accounts (account),
    cid TEXT NOT NULL REFERENCES blocks (cid),
    put_at BIGINT NOT NULL,
    pins BIGINT NOT NULL CHECK (pins >= 0),
    PRIMARY KEY (account, cid)
);
CREATE INDEX holds_of_a_block ON holds (cid);
CREATE INDEX holds_without_a_pin ON holds (put_at) WHERE pins = 0;

-- wanted: its blocks are counted, and the backing store may have it or not.
-- pinned: the backing store has it.
-- ending: the account gave it up, and the backing store may still have it.
CREATE TABLE pins (
    account TEXT NOT NULL REFERENCES accounts (account),
    root TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'pinned', 'ending')),
    blocks BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (account, root)
);
CREATE INDEX pins_of_a_root ON pins (root);
CREATE INDEX pins_not_finished ON pins (changed_at) WHERE state <> 'pinned';

CREATE TABLE pinned_blocks (
    account TEXT NOT NULL,
    root TEXT NOT NULL,
    cid TEXT NOT NULL,
    PRIMARY KEY (account, root, cid),
    FOREIGN KEY (account, root) REFERENCES pins (account, root)
);

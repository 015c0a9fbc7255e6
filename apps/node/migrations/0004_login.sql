-- Logins and vaults. PostgreSQL takes this file as it is. All bytes are hexadecimal digits; times are seconds since 1970.
--
-- No name of a user and no network address is here: `name` and `network` are what the login keys make of them.

-- The login keys that this database belongs to. Without them nobody can log in.
CREATE TABLE login_keys (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL
);

CREATE TABLE vaults (
    account TEXT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL CHECK (generation > 0),
    sealed TEXT NOT NULL
);

-- The ways to log in. record: what OPAQUE keeps of the password. wrapped: the vault's key for this way.
CREATE TABLE ways (
    name TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES vaults (account),
    record TEXT NOT NULL,
    wrapped TEXT NOT NULL
);
CREATE INDEX ways_of_an_account ON ways (account);

-- Attempts that did not log in, or not yet, and tries of names at a registration: the pauses are counted from them.
-- state: what the second half of an attempt needs; empty afterwards. record: of which password it was. told: 1 if the owner of the name need not hear of it,
-- or heard of it.
CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    network TEXT NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    told BIGINT NOT NULL CHECK (told IN (0, 1)),
    tried_at BIGINT NOT NULL
);
CREATE INDEX attempts_of_a_name ON attempts (name, tried_at);
CREATE INDEX attempts_of_a_network ON attempts (network, tried_at);
CREATE INDEX attempts_by_time ON attempts (tried_at);

-- Machines that are logged in. token: what the login keys make of what the machine has.
CREATE TABLE logins (
    token TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES vaults (account),
    made_at BIGINT NOT NULL
);
CREATE INDEX logins_of_an_account ON logins (account, made_at);

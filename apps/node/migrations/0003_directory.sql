-- The room of the directory. PostgreSQL takes this file as it is. A migration that was released is never changed.
--
-- Times are seconds since 1970. What is searched is folded: without case, accents and punctuation, each word after a
-- blank.

CREATE TABLE listings (
    -- The host for which it was signed, lower case; an account may have one at each name of the node.
    host TEXT NOT NULL,
    account TEXT NOT NULL,
    -- An older one never replaces it.
    issued_at BIGINT NOT NULL,
    -- As it was signed (JSON); empty after a withdrawal, so that the old one cannot be sent again.
    listing TEXT NOT NULL,
    -- The beginning of the folded name: listings are ordered by it.
    name TEXT NOT NULL,
    words TEXT NOT NULL,
    specialities TEXT NOT NULL,
    languages TEXT NOT NULL,
    -- When the chain said last whether somebody vouches for the account, and until when it did so.
    checked_at BIGINT NOT NULL,
    vouched_until BIGINT NOT NULL,
    -- Since when nobody vouches for the account, or since its withdrawal; NULL while it is shown.
    hidden_since BIGINT,
    PRIMARY KEY (host, account)
);
CREATE INDEX listings_in_order ON listings (host, name, account);
CREATE INDEX listings_of_an_account ON listings (account);
CREATE INDEX listings_to_check ON listings (checked_at);

-- What the relay keeps. PostgreSQL takes this file as it is. A migration that was released is never changed.

-- Accepted requests and their fates. place: the order of arrival. request: the rest as JSON.
CREATE TABLE relay_requests (
    id TEXT NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    request TEXT NOT NULL
);

-- What accounts cost on their last day, and how often their requests failed (JSON).
CREATE TABLE relay_accounts (
    account TEXT NOT NULL PRIMARY KEY,
    costs TEXT NOT NULL
);

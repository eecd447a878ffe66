"""What the migrations of these tests make: one of each sort of object."""

MIGRATIONS = (
    "CREATE TABLE schema_migrations (version bigint PRIMARY KEY)",
    "CREATE TABLE notes (id serial PRIMARY KEY, body text)",
    "CREATE TABLE comments (id bigint GENERATED ALWAYS AS IDENTITY, note int REFERENCES notes)",
    "CREATE TABLE months (month date) PARTITION BY RANGE (month)",
    "CREATE TABLE june PARTITION OF months FOR VALUES FROM ('2026-06-01') TO ('2026-07-01')",
    "CREATE SEQUENCE loose",
    "CREATE VIEW bodies AS SELECT body FROM notes",
    "CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM notes",
    "CREATE TYPE mood AS ENUM ('good')",
    "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)",
    "CREATE TYPE pair AS (a int, b int)",
    "CREATE FUNCTION one(pair, int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION purge() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'TRUNCATE comments'",
    "CREATE FUNCTION secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "GRANT EXECUTE ON FUNCTION purge TO {rw}",
    "CREATE SCHEMA audit",
    "CREATE TABLE audit.entries (id bigint GENERATED ALWAYS AS IDENTITY, body text)",
    "INSERT INTO notes (body) VALUES ('first')",
)

"""Kinds of drift inside the database: rights, owners, and what future objects will grant.

Each has a table of its own, `@`, so that they can happen all at once.
"""

from tests.release.database.drifts import by

RIGHTS = (
    by(
        "migrator",
        "GRANT ALL ON SCHEMA public TO PUBLIC",
        says="everybody has CREATE, USAGE on schema public",
    ),
    by(
        "migrator",
        "GRANT CREATE ON SCHEMA audit TO {rw}",
        says="{rw} has CREATE on schema audit",
    ),
    by(
        "migrator",
        "REVOKE USAGE ON SCHEMA audit FROM {rw}",
        says="{rw} lacks USAGE on schema audit",
    ),
    by(
        "migrator",
        "GRANT TRUNCATE ON @ TO {rw}",
        says="{rw} has TRUNCATE on table public.@",
    ),
    by(
        "migrator",
        "GRANT MAINTAIN ON @ TO {rw}",
        says="{rw} has MAINTAIN on table public.@",
        since=17,
    ),
    by(
        "migrator",
        "GRANT SELECT ON bodies TO PUBLIC",
        says="everybody has SELECT on view public.bodies",
    ),
    by(
        "migrator",
        "GRANT SELECT, INSERT ON @ TO {other}",
        says="{other} has INSERT, SELECT on table public.@",
    ),
    by(
        "migrator",
        "REVOKE ALL ON @ FROM {rw}",
        says="{rw} lacks DELETE, INSERT, SELECT, UPDATE on table public.@",
    ),
    by(
        "migrator",
        "REVOKE SELECT, TRIGGER ON @ FROM {owner}",
        says="{owner} lacks SELECT, TRIGGER on table public.@",
    ),
    by(
        "migrator",
        "REVOKE CREATE ON SCHEMA audit FROM {owner}",
        says="{owner} lacks CREATE on schema audit",
    ),
    by(
        "migrator",
        "REVOKE UPDATE ON SEQUENCE loose FROM {owner}",
        says="{owner} lacks UPDATE on sequence public.loose",
    ),
    by(
        "migrator",
        "GRANT INSERT ON schema_migrations TO {rw}",
        says="{rw} has INSERT on table public.schema_migrations",
    ),
    by(
        "migrator",
        "GRANT UPDATE (version) ON schema_migrations TO {rw}",
        says="{rw} has UPDATE on columns of table public.schema_migrations",
    ),
    by(
        "migrator",
        "GRANT SELECT (body), REFERENCES (body) ON @ TO {other}",
        says="{other} has REFERENCES, SELECT on columns of table public.@",
    ),
    by(
        "migrator",
        "GRANT UPDATE ON SEQUENCE loose TO {rw}",
        says="{rw} has UPDATE on sequence public.loose",
    ),
    by(
        "migrator",
        "REVOKE USAGE ON SEQUENCE @_id_seq FROM {rw}",
        says="{rw} lacks USAGE on sequence public.@_id_seq",
    ),
    by(
        "migrator",
        "GRANT SELECT ON @ TO {rw} WITH GRANT OPTION",
        says="{rw} may hand on SELECT on table public.@",
    ),
    by(
        "superuser",
        "GRANT USAGE ON SCHEMA public TO {other}",
        "GRANT SELECT ON @ TO {other} WITH GRANT OPTION",
        "REVOKE SELECT ON @ FROM {rw}",
        "SET ROLE {other}",
        "GRANT SELECT ON @ TO {rw}",
        says=("{other} has USAGE on schema public", "{other} has SELECT on table public.@"),
    ),
    by(
        "migrator",
        "CREATE OR REPLACE FUNCTION lent() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "GRANT EXECUTE ON FUNCTION lent TO PUBLIC",
        says="everybody may run routine public.lent() with its owner's rights",
    ),
    by(
        "migrator",
        "REVOKE EXECUTE ON FUNCTION secret FROM {owner}",
        says="{owner} lacks EXECUTE on routine public.secret()",
    ),
    by(
        "superuser",
        "REVOKE CREATE ON SCHEMA public FROM pg_database_owner",
        says="pg_database_owner lacks CREATE on schema public",
    ),
)

DEFAULTS = (
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES GRANT TRUNCATE ON TABLES TO {rw}",
        says="{rw} will have TRUNCATE on new tables of {owner}",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT TRIGGER ON TABLES TO {rw}",
        says="{rw} will have TRIGGER on new tables of {owner} in audit",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        says="everybody will have SELECT on new tables of {owner}",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM {rw}",
        says="{rw} will lack INSERT on new tables of {owner}",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO {rw}",
        says="{rw} will have CREATE on new schemas of {owner}",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES GRANT UPDATE ON SEQUENCES TO {rw}",
        says="{rw} will have UPDATE on new sequences of {owner}",
    ),
    by(
        "migrator",
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {other}",
        says="{other} will have EXECUTE on new functions of {owner}",
    ),
    by(
        "superuser",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {migrator} GRANT ALL ON TABLES TO {rw}",
        says="{rw} will have DELETE, INSERT",
    ),
    by(
        "superuser",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {other} GRANT SELECT ON SEQUENCES TO PUBLIC",
        says="everybody will have SELECT on new sequences of {other}",
    ),
)

OWNERS = (
    by("superuser", "ALTER SCHEMA audit OWNER TO {other}", says="schema audit belongs to {other}"),
    by(
        "superuser",
        "ALTER TABLE @ OWNER TO {migrator}",
        says="table public.@ belongs to {migrator}",
    ),
    by(
        "superuser",
        "ALTER TABLE @ OWNER TO master",
        says="table public.@ belongs to master",
    ),
    by("superuser", "ALTER TABLE @ OWNER TO {rw}", says="table public.@ belongs to {rw}"),
    by(
        "migrator",
        "SET ROLE NONE",
        "CREATE TABLE forgotten (id serial)",
        says="table public.forgotten belongs to {migrator}",
    ),
    by(
        "superuser",
        "ALTER TABLE audit.entries OWNER TO {other}",
        says="table audit.entries belongs to {other}",
    ),
    by(
        "superuser",
        "ALTER TABLE months OWNER TO {other}",
        says="table public.months belongs to {other}",
    ),
    by(
        "superuser",
        "ALTER SEQUENCE loose OWNER TO {other}",
        says="sequence public.loose belongs to {other}",
    ),
    by(
        "superuser",
        "ALTER VIEW bodies OWNER TO {other}",
        says="view public.bodies belongs to {other}",
    ),
    by(
        "superuser",
        "ALTER MATERIALIZED VIEW counts OWNER TO {other}",
        says="materialized view public.counts belongs to {other}",
    ),
    by("superuser", "ALTER TYPE mood OWNER TO {other}", says="type public.mood belongs to {other}"),
    by(
        "superuser",
        "ALTER DOMAIN short OWNER TO {other}",
        says="type public.short belongs to {other}",
    ),
    by("superuser", "ALTER TYPE pair OWNER TO {other}", says="type public.pair belongs to {other}"),
    by(
        "superuser",
        "ALTER FUNCTION one(pair, int[]) OWNER TO {other}",
        says="routine public.one(public.pair, integer[]) belongs to {other}",
    ),
    by(
        "superuser",
        "ALTER PROCEDURE nothing OWNER TO {other}",
        says="routine public.nothing() belongs to {other}",
    ),
    by(
        "superuser", "ALTER SCHEMA public OWNER TO {other}", says="schema public belongs to {other}"
    ),
)

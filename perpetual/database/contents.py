"""What a database holds, read from its catalogs: objects, their owners, and who may use them.

What is Postgres's own or belongs to an extension is left out: RDS keeps some of that for itself.
"""

from typing import Final

from perpetual.database.connection import Session
from perpetual.database.read import ACCESS, access, access_lists, reach
from perpetual.database.state import Contents, Defaults, Sort, Thing

_OF_EXTENSION: Final = """
EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = o.oid
        AND d.deptype = 'e')
"""

_OURS: Final = """
n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

_SCHEMAS: Final = """
SELECT o.nspname, pg_get_userbyid(o.nspowner), {access}, {lacks}
FROM pg_namespace o JOIN pg_namespace n ON n.oid = o.oid
WHERE {ours} AND NOT {of_extension}
""".format(
    **access_lists("'n'", "o.nspacl", "o.nspowner"),
    ours=_OURS,
    of_extension=_OF_EXTENSION.format(catalog="pg_namespace"),
)

_RELATION_SORT: Final = """(CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char\""""

_COLUMNS: Final = """
(SELECT g.* FROM pg_attribute a, aclexplode(a.attacl) g WHERE a.attrelid = o.oid) columns
"""

# A sequence of a column, made by SERIAL or as an identity, goes with its table.
_RELATIONS: Final = """
SELECT n.nspname, o.relname, o.relkind::text, pg_get_userbyid(o.relowner), {access}, {lacks},
       {columns},
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
               AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
               AND o.relkind = 'S')
FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {ours} AND NOT {of_extension}
""".format(
    **access_lists(_RELATION_SORT, "o.relacl", "o.relowner"),
    columns=ACCESS.format(grants=_COLUMNS, owner="o.relowner"),
    ours=_OURS,
    of_extension=_OF_EXTENSION.format(catalog="pg_class"),
)

# Of types those that stand by themselves: no rows of tables, no arrays.
_TYPES: Final = f"""
SELECT n.nspname, o.typname, pg_get_userbyid(o.typowner)
FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
     LEFT JOIN pg_class c ON c.oid = o.typrelid
WHERE (o.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
  AND {_OURS} AND NOT {_OF_EXTENSION.format(catalog="pg_type")}
"""  # noqa: S608 - constants in a constant, as below

_ROUTINES: Final = """
SELECT n.nspname, o.proname, pg_get_function_identity_arguments(o.oid),
       pg_get_userbyid(o.proowner), o.prosecdef, {access}, {lacks}
FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
WHERE o.prokind IN ('f', 'p', 'w') AND {ours} AND NOT {of_extension}
""".format(
    **access_lists("'f'", "o.proacl", "o.proowner"),
    ours=_OURS,
    of_extension=_OF_EXTENSION.format(catalog="pg_proc"),
)

_DEFAULTS: Final = f"""
SELECT pg_get_userbyid(o.defaclrole), coalesce(n.nspname, ''), o.defaclobjtype::text,
       {ACCESS.format(grants="aclexplode(o.defaclacl)", owner="o.defaclrole")}
FROM pg_default_acl o LEFT JOIN pg_namespace n ON n.oid = o.defaclnamespace
"""  # noqa: S608 - as above

_RELATION_SORTS: Final = {
    "r": Sort.TABLE,
    "p": Sort.TABLE,
    "v": Sort.VIEW,
    "m": Sort.MATERIALIZED_VIEW,
    "f": Sort.FOREIGN_TABLE,
    "S": Sort.SEQUENCE,
}
_DEFAULT_SORTS: Final = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


def contents(connection: Session) -> Contents:
    """Return what the connected database holds, schemas first."""
    things = tuple(
        sorted(
            (
                *_schemas(connection),
                *_relations(connection),
                *_types(connection),
                *_routines(connection),
            ),
            key=lambda thing: (thing.sort is not Sort.SCHEMA, thing.name, thing.arguments),
        )
    )
    defaults = tuple(
        sorted(_defaults(connection), key=lambda one: (one.role, one.schema, one.sort))
    )
    owners = {thing.owner for thing in things} | {one.role for one in defaults}
    return Contents(things=things, defaults=defaults, reach=reach(connection, owners))


def _schemas(connection: Session) -> list[Thing]:
    return [
        Thing(
            sort=Sort.SCHEMA,
            name=(name,),
            owner=owner,
            access=access(grants),
            lacks=frozenset(lacks),
        )
        for name, owner, grants, lacks in connection.execute(_SCHEMAS)
    ]


def _relations(connection: Session) -> list[Thing]:
    return [
        Thing(
            sort=_RELATION_SORTS[kind],
            name=(schema, name),
            owner=owner,
            access=access(grants),
            lacks=frozenset(lacks),
            columns=access(columns),
            linked=linked,
        )
        for schema, name, kind, owner, grants, lacks, columns, linked in connection.execute(
            _RELATIONS
        )
    ]


def _types(connection: Session) -> list[Thing]:
    return [
        Thing(sort=Sort.TYPE, name=(schema, name), owner=owner)
        for schema, name, owner in connection.execute(_TYPES)
    ]


def _routines(connection: Session) -> list[Thing]:
    return [
        Thing(
            sort=Sort.ROUTINE,
            name=(schema, name),
            arguments=arguments,
            owner=owner,
            access=access(grants),
            lacks=frozenset(lacks),
            definer=definer,
        )
        for schema, name, arguments, owner, definer, grants, lacks in connection.execute(_ROUTINES)
    ]


def _defaults(connection: Session) -> list[Defaults]:
    return [
        Defaults(role=role, schema=schema, sort=_DEFAULT_SORTS[sort], access=access(grants))
        for role, schema, sort, grants in connection.execute(_DEFAULTS)
    ]

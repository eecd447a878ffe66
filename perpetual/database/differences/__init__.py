"""What is not as it should be, and the statements that make it so. Pure: no connection here.

    roles      the three roles: their attributes, passwords and memberships
    database   the database from outside: its being there, its shape, owner and access
    contents   the database from inside: schemas, tables, routines, and what future ones grant

Identifiers and literals are quoted by psycopg's `sql`, never by hand.
"""

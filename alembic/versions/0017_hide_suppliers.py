"""Supervision's login sees a supplier from the first opening on in which its bid was read out (R-ET-05).

A firm that registers while one lot is open registers for that lot: rows of firms that only sell would count bidders.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UPGRADE = r"""
-- These look past the row policies of the tables they ask, as their owner may; they tell yes or no and nothing else.
CREATE FUNCTION identity_is_supplier(organisation uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM identity_account a WHERE a.organisation_id = organisation)
    AND NOT EXISTS (SELECT 1 FROM identity_account a
      WHERE a.organisation_id = organisation AND NOT a.roles <@ ARRAY['bidder'])
$$;
CREATE FUNCTION identity_is_shown(organisation uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT NOT identity_is_supplier(organisation)
    OR EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = organisation)
$$;
CREATE FUNCTION identity_person_is_shown(person uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM identity_account a WHERE a.person_id = person
    AND (a.organisation_id IS NULL OR NOT identity_is_supplier(a.organisation_id)))
$$;
REVOKE ALL ON FUNCTION identity_is_supplier, identity_is_shown, identity_person_is_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity_is_supplier, identity_is_shown, identity_person_is_shown TO supervision_ro;

DO $$ DECLARE rule record; BEGIN
  FOR rule IN SELECT * FROM (VALUES
    ('identity_organisation', 'identity_is_shown(id)'),
    ('identity_organisation_name', 'identity_is_shown(organisation_id)'),
    ('identity_organisation_role', 'identity_is_shown(organisation_id)'),
    ('identity_account', 'organisation_id IS NULL OR NOT identity_is_supplier(organisation_id)'),
    ('identity_person_key', 'EXISTS (SELECT 1 FROM identity_account a WHERE a.id = account_id)'),
    ('identity_person', 'identity_person_is_shown(id)'),
    ('kernel_file', 'subject IS NULL OR identity_is_shown(subject)')
  ) AS v (name, shown) LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', rule.name);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)',
      rule.name || '_portal', rule.name);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO supervision_ro USING (%s)',
      rule.name || '_oversight', rule.name, rule.shown);
  END LOOP;
END $$;
"""

DOWNGRADE = r"""
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['identity_organisation', 'identity_organisation_name', 'identity_organisation_role',
    'identity_account', 'identity_person_key', 'identity_person', 'kernel_file'] LOOP
    EXECUTE format('DROP POLICY %I ON %I', name || '_portal', name);
    EXECUTE format('DROP POLICY %I ON %I', name || '_oversight', name);
    EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;
DROP FUNCTION identity_person_is_shown, identity_is_shown, identity_is_supplier;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Hide suppliers."""
    _script(UPGRADE)


def downgrade() -> None:
    """Show them again."""
    _script(DOWNGRADE)

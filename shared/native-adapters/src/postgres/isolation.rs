//! Whether the database keeps tenants apart.

use bulkhead_kernel::sql::{Sql as _, SqlError, sql};

use super::NativePostgres;

/// How a database keeps tenants apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The role as which statements run.
    pub role: String,
    /// The user of the URL, who takes the role on.
    pub login: String,
    /// Whether that user could do without the role and the policies: a superuser, or the tables' owner. One who can't is
    /// better, because the URL itself then opens nothing else.
    pub login_could_bypass: bool,
}

/// Why a database does not keep tenants apart.
#[derive(Debug, thiserror::Error)]
pub enum IsolationError {
    /// No policy holds for the role as which statements run.
    #[error(
        "the database's policies do not hold for the role {role}, as which statements run, because it {reason}; \
         take that from it: it must be an ordinary role"
    )]
    Role {
        /// The role.
        role: String,
        /// Why, such as `is a superuser`.
        reason: &'static str,
    },
    /// Tables with a tenant's rows have no policy.
    #[error("the database has no policies for the tables {}; run `bulkhead migrate` as their owner", .0.join(", "))]
    Tables(Vec<String>),
    /// It could not be found out.
    #[error("it is not certain that the database keeps tenants apart: {0}")]
    Sql(#[from] SqlError),
}

/// One row about the role that asks, and about whoever connected.
const ROLE: &str = "SELECT r.rolname::text AS role, session_user::text AS login, \
     (SELECT s.rolsuper OR s.rolbypassrls FROM pg_roles s WHERE s.rolname = session_user) \
     OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = quote_ident(current_schema())::regnamespace \
     AND c.relkind IN ('r', 'p') AND pg_has_role(session_user, c.relowner, 'MEMBER')) AS could_bypass, \
     r.rolsuper AS super, r.rolbypassrls AS bypass, \
     EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = quote_ident(current_schema())::regnamespace \
     AND c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owner, \
     EXISTS (SELECT 1 FROM pg_roles m WHERE (m.rolsuper OR m.rolbypassrls) AND m.oid <> r.oid \
     AND pg_has_role(r.oid, m.oid, 'MEMBER')) AS member \
     FROM pg_roles r WHERE r.rolname = current_user";

/// The tables of tenants that lack the policy, or have another one beside it.
const TABLES: &str = "SELECT c.relname::text AS name FROM pg_class c \
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') \
     AND (c.relname = 'organizations' OR EXISTS (SELECT 1 FROM pg_attribute a \
     WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped)) \
     AND NOT (c.relrowsecurity AND c.relforcerowsecurity \
     AND (SELECT array_agg(p.polname) FROM pg_policy p WHERE p.polrelid = c.oid) IS NOT DISTINCT FROM ARRAY['tenant'::name]) \
     ORDER BY c.relname";

impl NativePostgres {
    /// Sees that no statement can get around the policies, and that there are policies for every tenant's rows.
    pub(crate) async fn check_isolation(&self) -> Result<Isolation, IsolationError> {
        let row = self.query_optional(sql(ROLE)).await?;
        let row = row.ok_or_else(|| SqlError::Other("the current role is not known".to_owned()))?;
        for (column, reason) in [
            ("super", "is a superuser"),
            ("bypass", "has the attribute BYPASSRLS"),
            ("owner", "owns tables, or is a member of a role that does"),
            ("member", "is a member of a role that no policy holds for"),
        ] {
            if row.get(column)? {
                return Err(IsolationError::Role { role: row.get("role")?, reason });
            }
        }
        let tables = self.query(sql(TABLES)).await?;
        let tables: Vec<String> = tables.iter().map(|row| row.get("name")).collect::<Result<_, _>>()?;
        if !tables.is_empty() {
            return Err(IsolationError::Tables(tables));
        }
        Ok(Isolation { role: row.get("role")?, login: row.get("login")?, login_could_bypass: row.get("could_bypass")? })
    }
}

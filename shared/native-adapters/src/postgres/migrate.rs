//! Bringing the schema up to date.
//!
//! This happens as whoever the URL names, beside the pool, whose role owns nothing.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::NativePostgres;
use crate::MigrateError;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/postgres");

impl NativePostgres {
    /// Applies what has not been, and protects the tables of tenants that are not yet. Whoever may not make tables, as a
    /// user that is a member of the application's role and nothing else, sees only whether somebody else did it.
    pub(crate) async fn migrate(&self) -> Result<(), MigrateError> {
        // Policies hold for the owner too, and a migration may change rows.
        let all = ("bulkhead.tenant", "*");
        let login = self.pool.login().clone().options([all]);
        let connections = PgPoolOptions::new().max_connections(1).connect_with(login).await?;
        let may: bool = sqlx::query_scalar("SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)")
            .fetch_one(&connections)
            .await?;
        if may {
            MIGRATOR.run(&connections).await?;
            sqlx::query("SELECT bulkhead_protect_tables()").execute(&connections).await?;
        } else {
            check(&connections).await?;
        }
        connections.close().await;
        Ok(())
    }
}

/// Whether exactly these migrations have run.
async fn check(connections: &PgPool) -> Result<(), MigrateError> {
    let applied =
        sqlx::query("SELECT version, checksum FROM _sqlx_migrations WHERE success").fetch_all(connections).await;
    let applied: BTreeMap<i64, Vec<u8>> = match applied {
        Ok(rows) => {
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?
        }
        // There is none, or the role of the application was not given to this one.
        Err(sqlx::Error::Database(_)) => return Err(MigrateError::NotTheOwner),
        Err(error) => return Err(error.into()),
    };
    let ours = MIGRATOR.iter().map(|migration| (migration.version, migration.checksum.to_vec()));
    if ours.eq(applied) { Ok(()) } else { Err(MigrateError::NotTheOwner) }
}

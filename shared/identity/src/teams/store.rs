//! SQL of teams.

use bulkhead_kernel::id::{OrganizationId, TeamId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{PageRequest, Timestamp};

use super::model::{NamedChange, Team, TeamMember};

pub(super) fn insert(organization: OrganizationId, team: &Team) -> Statement {
    sql("INSERT INTO teams (id, organization_id, slug, name, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(team.id)
        .bind(organization)
        .bind(team.slug.as_str())
        .bind(team.name.as_str())
        .bind(team.created_at)
        .of(organization)
}

pub(crate) async fn find(
    database: &dyn Sql,
    organization: OrganizationId,
    id: TeamId,
) -> Result<Option<Team>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM teams WHERE organization_id = $1 AND id = $2")
        .bind(organization)
        .bind(id)
        .of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// Newest first.
pub(super) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    page: &PageRequest,
) -> Result<Vec<Team>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM teams \
                         WHERE organization_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3")
    .bind(organization)
    .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
    .bind(i64::from(page.limit) + 1)
    .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

/// One row, if it is there.
pub(super) fn change(organization: OrganizationId, id: TeamId, change: &NamedChange) -> Statement {
    sql("UPDATE teams SET slug = COALESCE($3, slug), name = COALESCE($4, name) WHERE organization_id = $1 AND id = $2")
        .bind(organization)
        .bind(id)
        .bind(change.slug.as_deref())
        .bind(change.name.as_deref())
        .of(organization)
}

/// What has to go before a team.
pub(super) fn empty(organization: OrganizationId, id: TeamId) -> [Statement; 2] {
    [
        "DELETE FROM team_members WHERE organization_id = $1 AND team_id = $2",
        "DELETE FROM project_teams WHERE organization_id = $1 AND team_id = $2",
    ]
    .map(|text| sql(text).bind(organization).bind(id).of(organization))
}

/// One row, if it is there.
pub(super) fn delete(organization: OrganizationId, id: TeamId) -> Statement {
    sql("DELETE FROM teams WHERE organization_id = $1 AND id = $2").bind(organization).bind(id).of(organization)
}

/// The newest users first.
pub(super) async fn members(
    database: &dyn Sql,
    organization: OrganizationId,
    id: TeamId,
    page: &PageRequest,
) -> Result<Vec<TeamMember>, SqlError> {
    let statement = sql("SELECT u.id, u.kind, u.name, t.created_at FROM team_members t \
                         JOIN users u ON u.id = t.user_id AND u.deleted_at IS NULL \
                         WHERE t.organization_id = $1 AND t.team_id = $2 AND ($3 = '' OR u.id < $3) \
                         ORDER BY u.id DESC LIMIT $4")
    .bind(organization)
    .bind(id)
    .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
    .bind(i64::from(page.limit) + 1)
    .of(organization);
    let read = |row: &Row| {
        Ok(TeamMember {
            user: row.get("id")?,
            kind: row.parse("kind")?,
            name: row.get("name")?,
            created_at: row.get("created_at")?,
        })
    };
    database.query(statement).await?.iter().map(read).collect()
}

/// One row, unless the user belongs to it already.
pub(super) fn add(organization: OrganizationId, id: TeamId, user: UserId, now: Timestamp) -> Statement {
    sql("INSERT INTO team_members (organization_id, team_id, user_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization_id, team_id, user_id) DO NOTHING")
    .bind(organization)
    .bind(id)
    .bind(user)
    .bind(now)
    .of(organization)
}

/// One row, if the user belongs to it.
pub(super) fn remove(organization: OrganizationId, id: TeamId, user: UserId) -> Statement {
    sql("DELETE FROM team_members WHERE organization_id = $1 AND team_id = $2 AND user_id = $3")
        .bind(organization)
        .bind(id)
        .bind(user)
        .of(organization)
}

fn read(row: &Row) -> Result<Team, SqlError> {
    Ok(Team { id: row.get("id")?, slug: row.get("slug")?, name: row.get("name")?, created_at: row.get("created_at")? })
}

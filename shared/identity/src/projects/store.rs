//! SQL of projects.

use bulkhead_kernel::id::{OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::{FromValue, Row, Sql, SqlError, Statement, Value, sql};
use bulkhead_kernel::{Caller, PageRequest, Permission, Role, Timestamp};

use super::access::ProjectRole;
use super::change::ProjectChange;
use super::model::{Holder, Project, ProjectGrant};

/// What `role` ranks in SQL, higher for more.
const RANK: &str = "CASE r.role WHEN 'maintainer' THEN 3 WHEN 'developer' THEN 2 ELSE 1 END";

/// The roles that a user has in projects of an organisation, by themselves and by their teams: `project_id` and `rank`.
/// `$1` is the organisation, `user` the user's placeholder.
fn held(user: &str) -> String {
    format!(
        "SELECT r.project_id, {RANK} AS rank FROM project_members r WHERE r.organization_id = $1 AND r.user_id = {user} \
         UNION ALL \
         SELECT r.project_id, {RANK} AS rank FROM project_teams r \
         JOIN team_members t ON t.organization_id = r.organization_id AND t.team_id = r.team_id \
         WHERE r.organization_id = $1 AND t.user_id = {user}"
    )
}

/// A subquery for other features' statements: the ids of the organisation's projects in which a user has a role. `$1` is the
/// organisation; the other two are placeholders too, of the user and of whether their role in the organisation makes them a
/// maintainer of every project ([`Role::administers`]).
#[must_use]
pub fn projects_seen_by(user: &str, sees_all: &str) -> String {
    let held = held(user);
    format!(
        "SELECT p.id FROM projects p WHERE p.organization_id = $1 AND p.deleted_at IS NULL \
         AND ({sees_all} OR p.id IN (SELECT held.project_id FROM ({held}) AS held))"
    )
}

/// The projects of the organisation `$1` in which the user `$2` has a role, with the rank of the highest; with `$3` all of
/// them, as a maintainer.
fn visible(condition: &str) -> String {
    let held = held("$2");
    format!(
        "SELECT p.id, p.slug, p.name, p.description, p.created_at, CASE WHEN $3 THEN 3 ELSE g.rank END AS rank \
         FROM projects p LEFT JOIN (\
         SELECT project_id, MAX(rank) AS rank FROM ({held}) AS held GROUP BY project_id) AS g ON g.project_id = p.id \
         WHERE p.organization_id = $1 AND p.deleted_at IS NULL AND ($3 OR g.rank IS NOT NULL) AND {condition}"
    )
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looker {
    pub(super) organization: OrganizationId,
    pub(super) user: UserId,
    pub(super) role: Role,
}

impl From<&Caller> for Looker {
    fn from(caller: &Caller) -> Self {
        Self { organization: caller.organization, user: caller.user, role: caller.role }
    }
}

/// Binds who looks: `$1` to `$3`.
fn seen_by(text: String, looker: Looker) -> Statement {
    // The role alone: what the credential was granted is asked for every act.
    let sees_all = looker.role >= Permission::ManageProjects.least_role();
    sql(text).bind(looker.organization).bind(looker.user).bind(sees_all).of(looker.organization)
}

pub(super) async fn find(
    database: &dyn Sql,
    looker: impl Into<Looker>,
    id: ProjectId,
) -> Result<Option<Project>, SqlError> {
    let statement = seen_by(visible("p.id = $4"), looker.into()).bind(id);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// Newest first.
pub(super) async fn list(database: &dyn Sql, caller: &Caller, page: &PageRequest) -> Result<Vec<Project>, SqlError> {
    let text = visible("($4 = '' OR p.id < $4)") + " ORDER BY p.id DESC LIMIT $5";
    let statement = seen_by(text, caller.into())
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(i64::from(page.limit) + 1);
    database.query(statement).await?.iter().map(read).collect()
}

pub(super) fn insert(organization: OrganizationId, project: &Project) -> Statement {
    sql("INSERT INTO projects (id, organization_id, slug, name, description, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(project.id)
    .bind(organization)
    .bind(project.slug.as_str())
    .bind(project.name.as_str())
    .bind(project.description.as_str())
    .bind(project.created_at)
    .of(organization)
}

/// One row, if it is there.
pub(super) fn change(organization: OrganizationId, id: ProjectId, change: &ProjectChange) -> Statement {
    sql("UPDATE projects SET slug = COALESCE($3, slug), name = COALESCE($4, name), \
         description = COALESCE($5, description) WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL")
    .bind(organization)
    .bind(id)
    .bind(change.slug.as_deref())
    .bind(change.name.as_deref())
    .bind(change.description.as_deref())
    .of(organization)
}

/// One row, if it is there.
pub(super) fn delete(organization: OrganizationId, id: ProjectId, now: Timestamp) -> Statement {
    sql("UPDATE projects SET deleted_at = $3 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL")
        .bind(organization)
        .bind(id)
        .bind(now)
        .of(organization)
}

/// One row, if it was deleted after `since`.
pub(super) fn restore(organization: OrganizationId, id: ProjectId, since: Timestamp) -> Statement {
    sql("UPDATE projects SET deleted_at = NULL WHERE organization_id = $1 AND id = $2 AND deleted_at > $3")
        .bind(organization)
        .bind(id)
        .bind(since)
        .of(organization)
}

/// Who has which role in a project, members before teams, the newest first. A key is `user:` or `team:` and an id.
pub(super) async fn roles(
    database: &dyn Sql,
    organization: OrganizationId,
    id: ProjectId,
    page: &PageRequest,
) -> Result<Vec<ProjectGrant>, SqlError> {
    let statement = sql("SELECT holder, id, name, role, created_at FROM (\
                         SELECT 'user' AS holder, u.id, u.name, r.role, r.created_at, 'user:' || u.id AS place \
                         FROM project_members r JOIN users u ON u.id = r.user_id AND u.deleted_at IS NULL \
                         WHERE r.organization_id = $1 AND r.project_id = $2 UNION ALL \
                         SELECT 'team' AS holder, t.id, t.name, r.role, r.created_at, 'team:' || t.id AS place \
                         FROM project_teams r JOIN teams t ON t.organization_id = r.organization_id AND t.id = r.team_id \
                         WHERE r.organization_id = $1 AND r.project_id = $2) AS held \
                         WHERE ($3 = '' OR place < $3) ORDER BY place DESC LIMIT $4")
    .bind(organization)
    .bind(id)
    .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
    .bind(i64::from(page.limit) + 1)
        .of(organization);
    let read = |row: &Row| {
        let holder: String = row.get("holder")?;
        Ok(ProjectGrant {
            holder: if holder == "team" { Holder::Team(row.get("id")?) } else { Holder::User(row.get("id")?) },
            name: row.get("name")?,
            role: row.parse("role")?,
            created_at: row.get("created_at")?,
        })
    };
    database.query(statement).await?.iter().map(read).collect()
}

/// Gives a role, in the place of another one.
pub(super) fn set_role(
    organization: OrganizationId,
    id: ProjectId,
    holder: Holder,
    role: ProjectRole,
    now: Timestamp,
) -> Statement {
    let (text, holder): (_, Value) = match holder {
        Holder::User(user) => (
            "INSERT INTO project_members (organization_id, project_id, user_id, role, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, project_id, user_id) \
             DO UPDATE SET role = excluded.role",
            user.into(),
        ),
        Holder::Team(team) => (
            "INSERT INTO project_teams (organization_id, project_id, team_id, role, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, project_id, team_id) \
             DO UPDATE SET role = excluded.role",
            team.into(),
        ),
    };
    sql(text).bind(organization).bind(id).bind(holder).bind(role.as_str()).bind(now).of(organization)
}

/// One row, if there is such a role.
pub(super) fn clear_role(organization: OrganizationId, id: ProjectId, holder: Holder) -> Statement {
    let (text, holder): (_, Value) = match holder {
        Holder::User(user) => {
            ("DELETE FROM project_members WHERE organization_id = $1 AND project_id = $2 AND user_id = $3", user.into())
        }
        Holder::Team(team) => {
            ("DELETE FROM project_teams WHERE organization_id = $1 AND project_id = $2 AND team_id = $3", team.into())
        }
    };
    sql(text).bind(organization).bind(id).bind(holder).of(organization)
}

fn read(row: &Row) -> Result<Project, SqlError> {
    Ok(Project {
        id: row.get("id")?,
        slug: row.get("slug")?,
        name: row.get("name")?,
        description: row.get("description")?,
        role: row.get("rank")?,
        created_at: row.get("created_at")?,
    })
}

/// From a rank.
impl FromValue for ProjectRole {
    fn from_value(value: Value) -> Option<Self> {
        match i64::from_value(value)? {
            1 => Some(Self::Viewer),
            2 => Some(Self::Developer),
            3 => Some(Self::Maintainer),
            _ => None,
        }
    }
}

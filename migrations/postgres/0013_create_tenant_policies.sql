-- Row-level security: a tenant's rows are seen by statements that are about that tenant, whatever their predicate says.
--
-- Bulkhead's statements run as a role that owns no table and that no policy lets off. It can't log in: whoever connects
-- is a member of it and takes it on. It is this database's own, so that a member of it is nobody in another one. When
-- the role that migrates may not make it, whoever may types what the error says.
DO $migration$
DECLARE
    app text := 'bulkhead_app_' || CASE
        WHEN octet_length(current_database()) <= 50 THEN current_database() ELSE md5(current_database()) END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', app);
    END IF;
    -- A superuser is a member of every role.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        BEGIN
            EXECUTE format('GRANT %I TO CURRENT_USER', app);
        EXCEPTION WHEN insufficient_privilege THEN
            -- Who is a member already needs no more.
            IF NOT pg_has_role(current_user, app, 'MEMBER') THEN
                RAISE;
            END IF;
        END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), app);
    EXECUTE format(
        'CREATE FUNCTION bulkhead_role() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
        format('SELECT %L::text', app));
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format(
            '%I may not make the role that Bulkhead works as (%s); let an administrator of the server run '
            'CREATE ROLE %I NOLOGIN; GRANT %I TO %I; and then do this again',
            current_user, SQLERRM, app, app, current_user);
END
$migration$;

-- Protects every table with a column `organization_id`, and `organizations` itself, that is not yet, and lets the
-- application's role use whatever tables it can't yet. `bulkhead migrate` calls it after the migrations, so that one that
-- makes a table need not. Gives how many tables it protected.
--
-- A row is seen and written by a statement about its organisation, or about all (`*`). The setting is absent or empty
-- where nobody said, and equals no id then. FORCE: the owner is not let off either.
CREATE FUNCTION bulkhead_protect_tables() RETURNS bigint
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    found record;
    protected bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('bulkhead_protect_tables'));
    FOR found IN
        SELECT c.oid::regclass AS name, c.relname = '_sqlx_migrations' AS history,
            CASE WHEN c.relname = 'organizations' THEN 'id' ELSE 'organization_id' END AS tenant,
            c.relname = 'organizations' OR EXISTS (
                SELECT FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped) AS of_tenants,
            c.relrowsecurity AND c.relforcerowsecurity AS forced,
            EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant') AS has_policy,
            has_table_privilege(bulkhead_role(), c.oid, 'SELECT') AS usable
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
        ORDER BY c.relname
    LOOP
        IF found.of_tenants AND NOT found.forced THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', found.name);
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', found.name);
        END IF;
        IF found.of_tenants AND NOT found.has_policy THEN
            EXECUTE format(
                'CREATE POLICY tenant ON %s USING (%I = current_setting(''bulkhead.tenant'', true)'
                ' OR current_setting(''bulkhead.tenant'', true) = ''*'')', found.name, found.tenant);
        END IF;
        IF found.of_tenants AND NOT (found.forced AND found.has_policy) THEN
            protected := protected + 1;
        END IF;
        IF NOT found.usable THEN
            -- Which migrations have run is for the role that migrates to say.
            EXECUTE format(
                'GRANT %s ON %s TO %I',
                CASE WHEN found.history THEN 'SELECT' ELSE 'SELECT, INSERT, UPDATE, DELETE' END,
                found.name, bulkhead_role());
        END IF;
    END LOOP;
    RETURN protected;
END
$$;
SELECT bulkhead_protect_tables();

-- The atomic batch, now as the application's role and about one tenant's rows. Both hold for this statement alone, so
-- nothing has to be set on the connection before it, and nothing is left on it.
DROP FUNCTION bulkhead_batch(text);
CREATE FUNCTION bulkhead_batch(steps text, tenant text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    step jsonb;
    position bigint;
    affected bigint;
    counts jsonb := '[]';
BEGIN
    PERFORM set_config('bulkhead.tenant', tenant, true);
    FOR step, position IN
        SELECT element, ordinality - 1 FROM jsonb_array_elements(steps::jsonb) WITH ORDINALITY AS s (element, ordinality)
        ORDER BY ordinality
    LOOP
        EXECUTE step ->> 'sql' USING step -> 'parameters';
        GET DIAGNOSTICS affected = ROW_COUNT;
        IF step ? 'rows' AND affected <> (step ->> 'rows')::bigint THEN
            RAISE EXCEPTION USING
                ERRCODE = 'BH001',
                MESSAGE = 'a step affected an unexpected number of rows',
                DETAIL = jsonb_build_object(
                    'step', position, 'expected', (step ->> 'rows')::bigint, 'affected', affected)::text;
        END IF;
        counts := counts || to_jsonb(affected);
    END LOOP;
    RETURN counts::text;
END
$$;
DO $migration$
BEGIN
    EXECUTE format('ALTER FUNCTION bulkhead_batch(text, text) SET search_path TO %I, pg_temp', current_schema());
    -- It runs as its owner, and only a role that may make things in the schema can be made the owner of one.
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), bulkhead_role());
    EXECUTE format('REVOKE ALL ON FUNCTION bulkhead_batch(text, text) FROM PUBLIC');
    EXECUTE format('ALTER FUNCTION bulkhead_batch(text, text) OWNER TO %I', bulkhead_role());
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', current_schema(), bulkhead_role());
END
$migration$;

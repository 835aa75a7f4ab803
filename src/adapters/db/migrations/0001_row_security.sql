-- Row-level security: inside a transaction only the rows of the tenant named by app.tenant_id exist. The unit of work
-- sets it, and app.system for work across tenants, for the length of each transaction. A superuser passes by every
-- policy, so the unit of work takes on the role patchbay_app as well, which owns nothing and may not log in.
DO $$
DECLARE
  -- Since PostgreSQL 16 whoever creates a role is its member but may not become it.
  right_to_become text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'patchbay_app') THEN
    BEGIN
      CREATE ROLE patchbay_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
      WHEN insufficient_privilege THEN RAISE NOTICE 'no right to create patchbay_app: policies bind the owner itself';
    END;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'patchbay_app') THEN
    IF NOT pg_has_role(current_user, 'patchbay_app', right_to_become) THEN
      BEGIN
        EXECUTE format('GRANT patchbay_app TO %I', current_user);
      EXCEPTION
        WHEN insufficient_privilege THEN RAISE NOTICE 'no right to become patchbay_app: policies bind the owner itself';
      END;
    END IF;
    GRANT USAGE ON SCHEMA public TO patchbay_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO patchbay_app;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO patchbay_app;
  END IF;
END
$$;
--> statement-breakpoint
CREATE FUNCTION app_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant_id', true), '') $$;
--> statement-breakpoint
CREATE FUNCTION app_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('app.system', true), '') = 'on' $$;
--> statement-breakpoint
ALTER TABLE "members" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "members" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "members" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "api_keys" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "api_keys" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "assistants" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "assistants" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "assistants" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "numbers" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "numbers" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "numbers" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "stream_tickets" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "stream_tickets" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "stream_tickets" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "calls" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "calls" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "calls" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "call_events" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "call_events" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "call_events" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "usage_rows" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "usage_rows" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "usage_rows" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "bookings" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "bookings" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "bookings" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "tenants" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "tenants" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "plans" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "plans" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "providers" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "providers" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "audit_entries" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_tenant ON "tenants" USING (id = (SELECT app_tenant()) OR (SELECT app_system()))
  WITH CHECK (id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
-- Tenants come and go by the platform's hand only.
CREATE POLICY made_by_platform ON "tenants" AS RESTRICTIVE FOR INSERT WITH CHECK ((SELECT app_system()));
--> statement-breakpoint
CREATE POLICY removed_by_platform ON "tenants" AS RESTRICTIVE FOR DELETE USING ((SELECT app_system()));
--> statement-breakpoint
-- A tenant sees its members' names and addresses; people are written by the platform only.
CREATE POLICY fellow_members ON "users" FOR SELECT USING (
  (SELECT app_system()) OR EXISTS (
    SELECT FROM "members" m WHERE m.user_id = "users".id AND m.tenant_id = (SELECT app_tenant())
  )
);
--> statement-breakpoint
CREATE POLICY written_by_platform ON "users" USING ((SELECT app_system()));
--> statement-breakpoint
CREATE POLICY seen_by_all ON "plans" FOR SELECT USING (true);
--> statement-breakpoint
CREATE POLICY written_by_platform ON "plans" USING ((SELECT app_system()));
--> statement-breakpoint
-- Global providers have no tenant: all see them, the platform writes them.
CREATE POLICY seen_by_all ON "providers" FOR SELECT USING (tenant_id IS NULL);
--> statement-breakpoint
CREATE POLICY tenant_rows ON "providers" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
-- The audit log is added to and read; no policy lets anyone change or delete an entry.
CREATE POLICY added ON "audit_entries" FOR INSERT WITH CHECK (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
CREATE POLICY seen ON "audit_entries" FOR SELECT USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
-- The queue's tables belong to their owner alone. This is the one way to them from inside a tenant's transaction; it
-- runs as the owner, and the job exists if and only if the transaction commits.
CREATE FUNCTION enqueue_job(job text, payload jsonb, run_at timestamptz, max_attempts integer, job_key text)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
  BEGIN
    PERFORM graphile_worker.add_job(
      identifier => job, payload => payload::json, run_at => run_at, max_attempts => max_attempts, job_key => job_key
    );
  END
  $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION enqueue_job(text, jsonb, timestamptz, integer, text) FROM PUBLIC;
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'patchbay_app') THEN
    GRANT EXECUTE ON FUNCTION enqueue_job(text, jsonb, timestamptz, integer, text) TO patchbay_app;
  END IF;
END
$$;

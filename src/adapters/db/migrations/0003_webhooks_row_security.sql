ALTER TABLE "call_progress" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "call_progress" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "call_progress" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "webhook_deliveries" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
-- A job that waits for its time is due now. It never makes one: a job that runs or has run stays as it is.
CREATE FUNCTION hasten_job(job_key text)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
  BEGIN
    PERFORM graphile_worker.reschedule_jobs(ARRAY(
      SELECT id FROM graphile_worker.jobs WHERE key = job_key AND locked_at IS NULL AND attempts = 0 AND run_at > now()
    ), run_at => now());
    PERFORM pg_notify('jobs:insert', '');
  END
  $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION hasten_job(text) FROM PUBLIC;
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'patchbay_app') THEN
    GRANT EXECUTE ON FUNCTION hasten_job(text) TO patchbay_app;
  END IF;
END
$$;

-- As `enqueue_job` before; jobs of one lane run one after another.
CREATE FUNCTION enqueue_job(
  job text, payload jsonb, run_at timestamptz, max_attempts integer, job_key text, lane text
)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
  BEGIN
    PERFORM graphile_worker.add_job(
      identifier => job, payload => payload::json, queue_name => lane, run_at => run_at, max_attempts => max_attempts,
      job_key => job_key
    );
  END
  $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION enqueue_job(text, jsonb, timestamptz, integer, text, text) FROM PUBLIC;
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'patchbay_app') THEN
    GRANT EXECUTE ON FUNCTION enqueue_job(text, jsonb, timestamptz, integer, text, text) TO patchbay_app;
  END IF;
END
$$;

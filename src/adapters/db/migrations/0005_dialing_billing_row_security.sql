-- Defaults were for the rows that were there already.
ALTER TABLE "numbers" ALTER COLUMN "callbacks" DROP DEFAULT, ALTER COLUMN "active" DROP DEFAULT;
--> statement-breakpoint
ALTER TABLE "calls" ALTER COLUMN "callbacks" DROP DEFAULT, ALTER COLUMN "metadata" DROP DEFAULT;
--> statement-breakpoint
ALTER TABLE "stream_tickets" ALTER COLUMN "callbacks" DROP DEFAULT, ALTER COLUMN "metadata" DROP DEFAULT, ALTER COLUMN "voicemail" DROP DEFAULT;
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ALTER COLUMN "event" DROP DEFAULT;
--> statement-breakpoint
-- Until now calls were stored when their media opened.
UPDATE "calls" SET answered_at = started_at WHERE answered_at IS NULL;
--> statement-breakpoint
ALTER TABLE "subscriptions" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "subscriptions" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "subscriptions" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "checkouts" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "checkouts" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "checkouts" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "meter_reports" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "meter_reports" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "meter_reports" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "ledger_entries" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "ledger_entries" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "ledger_entries" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "idempotency_keys" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "dials" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "dials" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant_rows ON "dials" USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "payment_events" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "payment_events" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY platform_rows ON "payment_events" USING ((SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "sandbox_objects" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "sandbox_objects" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY platform_rows ON "sandbox_objects" USING ((SELECT app_system()));

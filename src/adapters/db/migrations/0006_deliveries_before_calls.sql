ALTER TABLE "webhook_deliveries" DROP CONSTRAINT "webhook_deliveries_call_id_calls_id_fk";
--> statement-breakpoint
CREATE INDEX "webhook_deliveries_newest" ON "webhook_deliveries" USING btree ("tenant_id","started_at" DESC NULLS LAST,"id" DESC NULLS LAST);
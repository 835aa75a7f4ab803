CREATE TABLE "call_progress" (
	"call_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"after_seq" integer NOT NULL,
	"at_ms" integer NOT NULL,
	"said" jsonb,
	"heard" jsonb
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"call_id" text NOT NULL,
	"webhook_id" text NOT NULL,
	"host" text NOT NULL,
	"attempt" integer NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"status" integer,
	"failure" text,
	CONSTRAINT "webhook_deliveries_attempt" UNIQUE("call_id","webhook_id","attempt")
);
--> statement-breakpoint
ALTER TABLE "assistants" ADD COLUMN "ended_webhook_url" text;--> statement-breakpoint
ALTER TABLE "call_progress" ADD CONSTRAINT "call_progress_call_id_calls_id_fk" FOREIGN KEY ("call_id") REFERENCES "public"."calls"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_call_id_calls_id_fk" FOREIGN KEY ("call_id") REFERENCES "public"."calls"("id") ON DELETE cascade ON UPDATE no action;
CREATE TABLE "checkouts" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"plan_slug" text NOT NULL,
	"ref" text,
	"url" text,
	"status" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	CONSTRAINT "checkouts_ref" UNIQUE("ref")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"answer" text,
	"started_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("tenant_id","key")
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"key" text NOT NULL,
	"call_id" text,
	"debit" text NOT NULL,
	"credit" text NOT NULL,
	"amount_micros" bigint NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_entries_once" UNIQUE("tenant_id","key")
);
--> statement-breakpoint
CREATE TABLE "meter_reports" (
	"call_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"seconds" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"reported_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "payment_events" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sandbox_objects" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"tenant_id" text PRIMARY KEY NOT NULL,
	"customer_ref" text,
	"subscription_ref" text,
	"status" text NOT NULL,
	"has_payment_method" boolean NOT NULL,
	"status_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "subscriptions_customer" UNIQUE("customer_ref")
);
--> statement-breakpoint
CREATE TABLE "dials" (
	"call_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"account" text,
	"status" text NOT NULL,
	"machine_detection" text,
	"timeout_sec" integer NOT NULL,
	"answered_by" text,
	"last_sequence" integer NOT NULL,
	"token_hash" text NOT NULL,
	"brief" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "dials_token" UNIQUE("token_hash")
);
--> statement-breakpoint
ALTER TABLE "numbers" ADD COLUMN "active" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "numbers" ADD COLUMN "callbacks" jsonb DEFAULT '{"startUrl": null, "endUrl": null, "errorUrl": null}' NOT NULL;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "callbacks" jsonb DEFAULT '{"startUrl": null, "endUrl": null, "errorUrl": null}' NOT NULL;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "metadata" jsonb DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "stream_tickets" ADD COLUMN "callbacks" jsonb DEFAULT '{"startUrl": null, "endUrl": null, "errorUrl": null}' NOT NULL;--> statement-breakpoint
ALTER TABLE "stream_tickets" ADD COLUMN "metadata" jsonb DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "stream_tickets" ADD COLUMN "brief" text;--> statement-breakpoint
ALTER TABLE "stream_tickets" ADD COLUMN "voicemail" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD COLUMN "event" text DEFAULT 'call.ended' NOT NULL;--> statement-breakpoint
ALTER TABLE "tenants" ADD COLUMN "named" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meter_reports" ADD CONSTRAINT "meter_reports_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dials" ADD CONSTRAINT "dials_call_id_calls_id_fk" FOREIGN KEY ("call_id") REFERENCES "public"."calls"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dials" ADD CONSTRAINT "dials_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "checkouts_of_tenant" ON "checkouts" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_time" ON "ledger_entries" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "ledger_entries_of_call" ON "ledger_entries" USING btree ("call_id");--> statement-breakpoint
CREATE INDEX "meter_reports_waiting" ON "meter_reports" USING btree ("tenant_id") WHERE "meter_reports"."reported_at" is null;--> statement-breakpoint
CREATE INDEX "sandbox_objects_newest" ON "sandbox_objects" USING btree ("kind","created_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "dials_open" ON "dials" USING btree ("created_at") WHERE "dials"."status" in ('queued', 'initiated', 'ringing');
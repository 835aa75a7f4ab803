CREATE TABLE "assistants" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"name" text NOT NULL,
	"is_default" boolean NOT NULL,
	"active" boolean NOT NULL,
	"llm_provider_id" text NOT NULL,
	"llm_model_id" text NOT NULL,
	"tts_provider_id" text NOT NULL,
	"tts_model_id" text NOT NULL,
	"stt_provider_id" text NOT NULL,
	"stt_model_id" text NOT NULL,
	"persona" jsonb NOT NULL,
	"llm_config" jsonb NOT NULL,
	"tts_config" jsonb NOT NULL,
	"thresholds" jsonb NOT NULL,
	"first_message_mode" text NOT NULL,
	"knowledge" text NOT NULL,
	"tools" jsonb NOT NULL,
	"variables" jsonb NOT NULL,
	"recording" jsonb NOT NULL,
	"transfer_on_failure_to" text,
	"timezone" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "numbers" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"e164" text NOT NULL,
	"assistant_id" text,
	"label" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "numbers_e164" UNIQUE("e164")
);
--> statement-breakpoint
CREATE TABLE "providers" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text,
	"category" text NOT NULL,
	"provider_key" text NOT NULL,
	"name" text NOT NULL,
	"models" jsonb NOT NULL,
	"settings" jsonb NOT NULL,
	"credentials" text,
	"active" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bookings" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"start_at" timestamp (3) with time zone NOT NULL,
	"end_at" timestamp (3) with time zone NOT NULL,
	"attendee_name" text NOT NULL,
	"attendee_email" text,
	"attendee_phone" text,
	"notes" text NOT NULL,
	"status" text NOT NULL,
	"call_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "bookings_once" UNIQUE("tenant_id","idempotency_key")
);
--> statement-breakpoint
CREATE TABLE "call_events" (
	"call_id" text NOT NULL,
	"seq" integer NOT NULL,
	"tenant_id" text NOT NULL,
	"at_ms" integer NOT NULL,
	"turn_id" text,
	"type" text NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "call_events_pkey" PRIMARY KEY("call_id","seq")
);
--> statement-breakpoint
CREATE TABLE "calls" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"assistant_id" text NOT NULL,
	"assistant_name" text NOT NULL,
	"status" text NOT NULL,
	"type" text NOT NULL,
	"direction" text NOT NULL,
	"from_number" text NOT NULL,
	"to_number" text NOT NULL,
	"carrier_ref" text,
	"node_id" text NOT NULL,
	"variables" jsonb NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"duration_ms" integer,
	"end_reason" text,
	"recording_key" text,
	"analysis" jsonb
);
--> statement-breakpoint
CREATE TABLE "stream_tickets" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"call_id" text NOT NULL,
	"assistant_id" text NOT NULL,
	"type" text NOT NULL,
	"direction" text NOT NULL,
	"from_number" text NOT NULL,
	"to_number" text NOT NULL,
	"carrier_ref" text,
	"variables" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_rows" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"key" text NOT NULL,
	"call_id" text,
	"component" text NOT NULL,
	"provider" text NOT NULL,
	"unit" text NOT NULL,
	"amount" bigint NOT NULL,
	"cost_micros" bigint NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "usage_rows_once" UNIQUE("tenant_id","key")
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"form" text NOT NULL,
	"prefix" text NOT NULL,
	"label" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text,
	"at" timestamp (3) with time zone NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "members" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"user_id" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "members_once" UNIQUE("tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "plans" (
	"slug" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text NOT NULL,
	"public" boolean NOT NULL,
	"custom" boolean NOT NULL,
	"limits" jsonb NOT NULL,
	"features" jsonb NOT NULL,
	"models" jsonb NOT NULL,
	"pricing" jsonb NOT NULL,
	"rank" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"status" text NOT NULL,
	"plan_slug" text NOT NULL,
	"timezone" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"password_hash" text,
	"token_version" integer DEFAULT 0 NOT NULL,
	"superuser" boolean DEFAULT false NOT NULL,
	"password_change_required" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "users_email_key" UNIQUE("email_key")
);
--> statement-breakpoint
ALTER TABLE "assistants" ADD CONSTRAINT "assistants_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assistants" ADD CONSTRAINT "assistants_llm_provider_id_providers_id_fk" FOREIGN KEY ("llm_provider_id") REFERENCES "public"."providers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assistants" ADD CONSTRAINT "assistants_tts_provider_id_providers_id_fk" FOREIGN KEY ("tts_provider_id") REFERENCES "public"."providers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assistants" ADD CONSTRAINT "assistants_stt_provider_id_providers_id_fk" FOREIGN KEY ("stt_provider_id") REFERENCES "public"."providers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "numbers" ADD CONSTRAINT "numbers_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "numbers" ADD CONSTRAINT "numbers_assistant_id_assistants_id_fk" FOREIGN KEY ("assistant_id") REFERENCES "public"."assistants"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers" ADD CONSTRAINT "providers_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bookings" ADD CONSTRAINT "bookings_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calls" ADD CONSTRAINT "calls_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stream_tickets" ADD CONSTRAINT "stream_tickets_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_rows" ADD CONSTRAINT "usage_rows_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_plan_slug_plans_slug_fk" FOREIGN KEY ("plan_slug") REFERENCES "public"."plans"("slug") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assistants_of_tenant" ON "assistants" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "assistants_one_default" ON "assistants" USING btree ("tenant_id") WHERE "assistants"."is_default";--> statement-breakpoint
CREATE INDEX "assistants_of_llm" ON "assistants" USING btree ("llm_provider_id");--> statement-breakpoint
CREATE INDEX "assistants_of_tts" ON "assistants" USING btree ("tts_provider_id");--> statement-breakpoint
CREATE INDEX "assistants_of_stt" ON "assistants" USING btree ("stt_provider_id");--> statement-breakpoint
CREATE INDEX "numbers_of_tenant" ON "numbers" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "numbers_of_assistant" ON "numbers" USING btree ("assistant_id");--> statement-breakpoint
CREATE UNIQUE INDEX "providers_own_name" ON "providers" USING btree ("tenant_id",lower("name")) WHERE "providers"."tenant_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "providers_global_name" ON "providers" USING btree ("category",lower("name")) WHERE "providers"."tenant_id" is null;--> statement-breakpoint
CREATE INDEX "bookings_by_time" ON "bookings" USING btree ("tenant_id","start_at");--> statement-breakpoint
CREATE INDEX "calls_newest" ON "calls" USING btree ("tenant_id","started_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "calls_of_assistant" ON "calls" USING btree ("tenant_id","assistant_id","started_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "calls_active_of_tenant" ON "calls" USING btree ("tenant_id") WHERE "calls"."status" = 'active';--> statement-breakpoint
CREATE INDEX "calls_active_on_node" ON "calls" USING btree ("node_id") WHERE "calls"."status" = 'active';--> statement-breakpoint
CREATE INDEX "calls_by_carrier_ref" ON "calls" USING btree ("carrier_ref");--> statement-breakpoint
CREATE INDEX "stream_tickets_expiry" ON "stream_tickets" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "usage_rows_of_call" ON "usage_rows" USING btree ("call_id");--> statement-breakpoint
CREATE INDEX "usage_rows_by_time" ON "usage_rows" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "usage_rows_minutes" ON "usage_rows" USING btree ("tenant_id","at","amount") WHERE "usage_rows"."component" = 'call';--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "api_keys_live" ON "api_keys" USING btree ("tenant_id","id") WHERE "api_keys"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "audit_entries_of_tenant" ON "audit_entries" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "members_of_user" ON "members" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "tenants_newest" ON "tenants" USING btree ("id" DESC NULLS LAST);
ALTER TABLE "nodes" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "nodes" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY platform_rows ON "nodes" USING ((SELECT app_system()));
--> statement-breakpoint
ALTER TABLE "transfers" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "transfers" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY platform_rows ON "transfers" USING ((SELECT app_system()));

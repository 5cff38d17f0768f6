CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"prefix" text NOT NULL,
	"scopes" text[] NOT NULL,
	"label" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_keys_hash_sha256" CHECK (length("api_keys"."hash") = 64),
	CONSTRAINT "api_keys_scopes_not_empty" CHECK (cardinality("api_keys"."scopes") > 0)
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text,
	"details" jsonb,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"plan" text DEFAULT 'standard' NOT NULL,
	"disabled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_name_unique" UNIQUE("name"),
	CONSTRAINT "users_name_length" CHECK (length("users"."name") between 1 and 100),
	CONSTRAINT "users_plan_known" CHECK ("users"."plan" in ('standard', 'pro'))
);
--> statement-breakpoint
CREATE TABLE "bar_series" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "bar_series_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"symbol" text NOT NULL,
	"interval" text NOT NULL,
	"adjusted" text NOT NULL,
	"source" text NOT NULL,
	"currency" text,
	"time_zone" text,
	"received_at" timestamp(3) with time zone NOT NULL,
	"provenance" jsonb NOT NULL,
	CONSTRAINT "bar_series_key" UNIQUE("symbol","interval","adjusted","source"),
	CONSTRAINT "bar_series_adjusted_known" CHECK ("bar_series"."adjusted" in ('none', 'splits', 'all'))
);
--> statement-breakpoint
CREATE TABLE "bars" (
	"series_id" bigint NOT NULL,
	"start" timestamp(3) with time zone NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "bars_series_id_start_pk" PRIMARY KEY("series_id","start"),
	CONSTRAINT "bars_range" CHECK ("bars"."high" >= "bars"."low" and "bars"."high" < 'infinity'),
	CONSTRAINT "bars_volume_not_negative" CHECK ("bars"."volume" >= 0)
) PARTITION BY RANGE ("start");
--> statement-breakpoint
CREATE TABLE "corporate_action_lists" (
	"symbol" text NOT NULL,
	"kind" text NOT NULL,
	"amounts_adjusted" text,
	"received_at" timestamp(3) with time zone NOT NULL,
	"provenance" jsonb NOT NULL,
	CONSTRAINT "corporate_action_lists_symbol_kind_pk" PRIMARY KEY("symbol","kind"),
	CONSTRAINT "corporate_action_lists_kind" CHECK (("corporate_action_lists"."kind" = 'splits' and "corporate_action_lists"."amounts_adjusted" is null)
        or ("corporate_action_lists"."kind" = 'dividends' and "corporate_action_lists"."amounts_adjusted" in ('none', 'splits')))
);
--> statement-breakpoint
CREATE TABLE "daily_bars" (
	"series_id" bigint NOT NULL,
	"start" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "daily_bars_series_id_start_pk" PRIMARY KEY("series_id","start"),
	CONSTRAINT "daily_bars_range" CHECK ("daily_bars"."high" >= "daily_bars"."low" and "daily_bars"."high" < 'infinity'),
	CONSTRAINT "daily_bars_volume_not_negative" CHECK ("daily_bars"."volume" >= 0)
);
--> statement-breakpoint
CREATE TABLE "dividends" (
	"symbol" text NOT NULL,
	"ex_date" date NOT NULL,
	"ordinal" integer NOT NULL,
	"amount" numeric NOT NULL,
	"currency" text,
	"pay_date" date,
	"kind" text,
	CONSTRAINT "dividends_symbol_ex_date_ordinal_pk" PRIMARY KEY("symbol","ex_date","ordinal"),
	CONSTRAINT "dividends_amount_positive" CHECK ("dividends"."amount" > 0 and "dividends"."amount" < 'infinity')
);
--> statement-breakpoint
CREATE TABLE "news" (
	"source" text NOT NULL,
	"id" text NOT NULL,
	"title" text NOT NULL,
	"url" text NOT NULL,
	"publisher" text,
	"summary" text,
	"published_at" timestamp(3) with time zone NOT NULL,
	"symbols" text[] NOT NULL,
	"filed_under" text[] NOT NULL,
	"sentiment" numeric,
	"received_at" timestamp(3) with time zone NOT NULL,
	"provenance" jsonb NOT NULL,
	CONSTRAINT "news_source_id_pk" PRIMARY KEY("source","id"),
	CONSTRAINT "news_sentiment_range" CHECK ("news"."sentiment" between -1 and 1),
	CONSTRAINT "news_filed_under_something" CHECK (cardinality("news"."filed_under") > 0)
);
--> statement-breakpoint
CREATE TABLE "profiles" (
	"symbol" text PRIMARY KEY NOT NULL,
	"name" text,
	"kind" text,
	"description" text,
	"exchange" text,
	"currency" text,
	"country" text,
	"sector" text,
	"industry" text,
	"website" text,
	"employees" bigint,
	"market_cap" numeric,
	"beta" numeric,
	"dividend_yield_percent" numeric,
	"pe_ratio" numeric,
	"eps" numeric,
	"shares_outstanding" numeric,
	"ipo_date" date,
	"cik" text,
	"isin" text,
	"cusip" text,
	"officers" jsonb,
	"received_at" timestamp(3) with time zone NOT NULL,
	"provenance" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quotes_latest" (
	"symbol" text PRIMARY KEY NOT NULL,
	"name" text,
	"price" numeric NOT NULL,
	"change" numeric,
	"change_percent" numeric,
	"previous_close" numeric,
	"open" numeric,
	"day_high" numeric,
	"day_low" numeric,
	"year_high" numeric,
	"year_low" numeric,
	"volume" numeric,
	"bid" numeric,
	"ask" numeric,
	"bid_size" numeric,
	"ask_size" numeric,
	"market_cap" numeric,
	"currency" text,
	"exchange" text,
	"market_state" text,
	"extended_hours" jsonb,
	"as_of" timestamp(3) with time zone NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	"provenance" jsonb NOT NULL,
	CONSTRAINT "quotes_latest_price_positive" CHECK ("quotes_latest"."price" > 0 and "quotes_latest"."price" < 'infinity'),
	CONSTRAINT "quotes_latest_volume_not_negative" CHECK ("quotes_latest"."volume" >= 0)
);
--> statement-breakpoint
CREATE TABLE "splits" (
	"symbol" text NOT NULL,
	"ex_date" date NOT NULL,
	"ratio" numeric NOT NULL,
	CONSTRAINT "splits_symbol_ex_date_pk" PRIMARY KEY("symbol","ex_date"),
	CONSTRAINT "splits_ratio_positive" CHECK ("splits"."ratio" > 0 and "splits"."ratio" < 'infinity')
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"market" text NOT NULL,
	"claimed_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "installation_one_row" CHECK ("installation"."only"),
	CONSTRAINT "installation_market_known" CHECK ("installation"."market" in ('sandbox', 'live'))
);
--> statement-breakpoint
CREATE TABLE "provider_usage" (
	"provider" text NOT NULL,
	"day" date NOT NULL,
	"capability" text NOT NULL,
	"outcome" text NOT NULL,
	"calls" bigint NOT NULL,
	CONSTRAINT "provider_usage_day_provider_capability_outcome_pk" PRIMARY KEY("day","provider","capability","outcome"),
	CONSTRAINT "provider_usage_calls_positive" CHECK ("provider_usage"."calls" > 0)
);
--> statement-breakpoint
CREATE TABLE "quarantine" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "quarantine_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"symbol" text NOT NULL,
	"provider" text NOT NULL,
	"rule" text NOT NULL,
	"severity" text NOT NULL,
	"value" jsonb NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "quarantine_severity_known" CHECK ("quarantine"."severity" in ('hard', 'soft'))
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bars" ADD CONSTRAINT "bars_series_id_bar_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."bar_series"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "daily_bars" ADD CONSTRAINT "daily_bars_series_id_bar_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."bar_series"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_user_id" ON "api_keys" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "dividends_ex_date" ON "dividends" USING btree ("ex_date");--> statement-breakpoint
CREATE INDEX "news_symbols" ON "news" USING gin ("symbols");--> statement-breakpoint
CREATE INDEX "news_filed_under" ON "news" USING gin ("filed_under");--> statement-breakpoint
CREATE INDEX "news_published_at" ON "news" USING btree ("published_at");--> statement-breakpoint
CREATE INDEX "splits_ex_date" ON "splits" USING btree ("ex_date");--> statement-breakpoint
CREATE INDEX "quarantine_at" ON "quarantine" USING btree ("at");--> statement-breakpoint
CREATE INDEX "quarantine_symbol" ON "quarantine" USING btree ("symbol","at");
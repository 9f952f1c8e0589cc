-- Texts are compared by bytes, as SQLite and Rust do.
-- One row: what all writers agree on. Whoever writes changes it first, so that writers stand in a line.
CREATE TABLE castile_state (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    generation BIGINT NOT NULL,
    -- Removals up to this generation are forgotten.
    removals_from BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL,
    audit_hash BYTEA NOT NULL
);
INSERT INTO castile_state VALUES (1, 0, 0, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE castile_records (
    kind TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    -- The generation of its last change.
    version BIGINT NOT NULL,
    -- Milliseconds since 1970.
    expires BIGINT,
    -- What stands in castile_record_keys, as JSON.
    keys TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, tenant, id)
);
CREATE INDEX castile_records_version ON castile_records (version);
CREATE INDEX castile_records_expires ON castile_records (expires) WHERE expires IS NOT NULL;

CREATE TABLE castile_record_keys (
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The tenant in which it is looked for; empty: everywhere.
    scope TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    is_unique BIGINT NOT NULL,
    PRIMARY KEY (kind, name, scope, value, tenant, id),
    FOREIGN KEY (kind, tenant, id) REFERENCES castile_records (kind, tenant, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX castile_record_keys_unique ON castile_record_keys (kind, name, scope, value) WHERE is_unique = 1;
CREATE INDEX castile_record_keys_record ON castile_record_keys (kind, tenant, id);

CREATE TABLE castile_removed (
    kind TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (kind, tenant, id)
);
CREATE INDEX castile_removed_version ON castile_removed (version);
CREATE INDEX castile_removed_at ON castile_removed (at);

CREATE TABLE castile_apis (
    tenant TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The number of the latest revision; stays when the API is gone.
    latest BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
CREATE INDEX castile_apis_version ON castile_apis (version);

CREATE TABLE castile_revisions (
    tenant TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- SHA-256 of the content before it was compressed.
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (tenant, name, number),
    FOREIGN KEY (tenant, name) REFERENCES castile_apis (tenant, name)
);

CREATE TABLE castile_audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX castile_audit_tenant ON castile_audit (tenant, seq);

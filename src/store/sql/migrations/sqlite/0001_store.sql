-- One row: what all writers agree on. Whoever writes changes it first, so that writers stand in a line.
CREATE TABLE castile_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    -- Removals up to this generation are forgotten.
    removals_from INTEGER NOT NULL,
    audit_seq INTEGER NOT NULL,
    audit_hash BLOB NOT NULL
) STRICT;
INSERT INTO castile_state VALUES (1, 0, 0, 0, zeroblob(32));

CREATE TABLE castile_records (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The generation of its last change.
    version INTEGER NOT NULL,
    -- Milliseconds since 1970.
    expires INTEGER,
    -- What stands in castile_record_keys, as JSON.
    keys TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, tenant, id)
) STRICT;
CREATE INDEX castile_records_version ON castile_records (version);
CREATE INDEX castile_records_expires ON castile_records (expires) WHERE expires IS NOT NULL;

CREATE TABLE castile_record_keys (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The tenant in which it is looked for; empty: everywhere.
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    is_unique INTEGER NOT NULL,
    PRIMARY KEY (kind, name, scope, value, tenant, id),
    FOREIGN KEY (kind, tenant, id) REFERENCES castile_records (kind, tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX castile_record_keys_unique ON castile_record_keys (kind, name, scope, value) WHERE is_unique = 1;
CREATE INDEX castile_record_keys_record ON castile_record_keys (kind, tenant, id);

CREATE TABLE castile_removed (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, tenant, id)
) STRICT;
CREATE INDEX castile_removed_version ON castile_removed (version);
CREATE INDEX castile_removed_at ON castile_removed (at);

CREATE TABLE castile_apis (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The number of the latest revision; stays when the API is gone.
    latest INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
CREATE INDEX castile_apis_version ON castile_apis (version);

CREATE TABLE castile_revisions (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- SHA-256 of the content before it was compressed.
    digest BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (tenant, name, number),
    FOREIGN KEY (tenant, name) REFERENCES castile_apis (tenant, name)
) STRICT;

CREATE TABLE castile_audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    summary TEXT NOT NULL,
    request_id TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX castile_audit_tenant ON castile_audit (tenant, seq);

BEGIN TRANSACTION;
CREATE TABLE base (
    id TEXT NOT NULL, 
    CONSTRAINT pk_base PRIMARY KEY (id)
);
INSERT INTO "base" VALUES('139a4fbea88f378c1404995de26f7303');
CREATE TABLE blocks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    updated_at TEXT NOT NULL, 
    storage TEXT, 
    resolver TEXT NOT NULL, 
    content TEXT NOT NULL, 
    digest TEXT NOT NULL, 
    CONSTRAINT uq_blocks_digest UNIQUE (digest), 
    CONSTRAINT fk_blocks_storage_storages FOREIGN KEY(storage) REFERENCES storages (name) ON UPDATE CASCADE
);
INSERT INTO "blocks" VALUES(1,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','a note: é, 漢, 😀, it''s "quoted"
and a second line','edc581e3d6f278d96573c721633fbf96d104bd824f6ffb8f1f480032eb5ce5bf');
INSERT INTO "blocks" VALUES(2,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','url','webpage','https://example.org/a?b=c&d=%20','039b1d7299b404d7e2197f8d326c57bf2028bcc53ef35014b66c4543f7306246');
INSERT INTO "blocks" VALUES(3,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','file','text','sha256:283de18a92b91eca91b96146822214f63c5a6a08238ab8acf97896a6036b5ab5','22bed1856ed28cf2c3b767d14951eea9614f63b9802ae1d221ecb835575fe948');
INSERT INTO "blocks" VALUES(4,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','small.txt','b5526a0fad348843f578ed1e74d1f64705f5a826e49f43746665aa4bec706e94');
INSERT INTO "blocks" VALUES(5,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','file','image','sha256:116f36e1b7e6bd530a3c0b50124b0aa68c02aa3de07599617ddb38749b500236','f5a5a6ec5e2b7fbe382c81af686d853df31e2039c0fb549551a903bb94ce1626');
INSERT INTO "blocks" VALUES(6,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','picture.png','ea47025338225b827fb5fe16920b3ac779751d05d50c9fab092748dd4f52c55c');
INSERT INTO "blocks" VALUES(8,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','item 0','5e4e57e0db09bdf8854da646356e6061f806e515f6abee275ea13c60010047fc');
INSERT INTO "blocks" VALUES(9,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','a tag','2a0640b23eb7b6699e23116ff8e2e353f06149195a789231b91d6fe9253253e1');
INSERT INTO "blocks" VALUES(10,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','item 1','c3040dcebf5c7153a1705201d482a5a9ef37bb1c6e3a95360109c18c16ac85b7');
INSERT INTO "blocks" VALUES(11,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,'text','item 2','f186c09685746161168050521d2ab51fc43bd2bf183bcca3dc4cffc496851757');
INSERT INTO "blocks" VALUES(12,'2026-11-27T05:50:41.915547Z','2026-11-27T05:50:41.915547Z','file','text','sha256:79f076abdd19a752db7267bfff2f9022161d120dea919fdaca2ffdfc24ca8c96','440589bce3ed435b1594cb134a8b4913851ab4e620a8507efe86db2f994025a2');
INSERT INTO "blocks" VALUES(14,'2026-11-27T12:00:00.000000Z','2026-11-27T12:00:00.000000Z',NULL,'text','a note of 0006, edited','67df71bb729bfdad58286ef1455f371c2b392786e371b01b846a21515926cf10');
CREATE TABLE changes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    actor TEXT, 
    action TEXT NOT NULL, 
    batch TEXT, 
    blocks TEXT, 
    relations TEXT, 
    changed TEXT, 
    deleted TEXT, 
    last_of_blocks BIGINT, 
    last_of_relations BIGINT, 
    CONSTRAINT uq_changes_batch UNIQUE (batch)
);
INSERT INTO "changes" VALUES(1,'2026-11-27T16:02:49.229000Z',NULL,'begin',NULL,NULL,NULL,NULL,NULL,12,6);
INSERT INTO "changes" VALUES(2,'2026-11-27T16:02:49.323000Z',NULL,'block.post',NULL,'[[14,14]]',NULL,NULL,NULL,14,6);
INSERT INTO "changes" VALUES(3,'2026-11-27T16:02:49.346000Z',NULL,'block.patch',NULL,NULL,NULL,'[{"block":{"id":14,"created_at":"2026-11-27T12:00:00.000000Z","updated_at":"2026-11-27T12:00:00.000000Z","storage":null,"resolver":"text","content":"a note of 0006"}}]',NULL,14,6);
CREATE TABLE claims (
    storage TEXT NOT NULL, 
    epoch BIGINT NOT NULL, 
    token TEXT NOT NULL, 
    CONSTRAINT pk_claims PRIMARY KEY (storage, epoch)
);
INSERT INTO "claims" VALUES('21d9e97994d31779d0d580460415c5d8',1,'7d2c4dc20f517a4bcfd02c5cf0fcf55d');
CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
INSERT INTO "d1_migrations" VALUES(1,'0001_blocks_and_relations.sql','2026-11-20 12:00:00');
INSERT INTO "d1_migrations" VALUES(2,'0002_keyvalues.sql','2026-11-20 12:00:00');
INSERT INTO "d1_migrations" VALUES(3,'0003_files.sql','2026-11-20 12:00:00');
INSERT INTO "d1_migrations" VALUES(4,'0004_sources_jobs_schedules.sql','2026-11-20 12:00:00');
INSERT INTO "d1_migrations" VALUES(5,'0005_file_notes_and_claims.sql','2026-11-26 12:00:00');
INSERT INTO "d1_migrations" VALUES(6,'0000_framework_0001_keyvalues.sql','2026-11-27 12:00:00');
INSERT INTO "d1_migrations" VALUES(7,'0000_framework_0002_jobs_and_schedules.sql','2026-11-27 12:00:00');
INSERT INTO "d1_migrations" VALUES(8,'0000_framework_0003_schedules_of_any_part.sql','2026-11-27 12:00:00');
INSERT INTO "d1_migrations" VALUES(9,'0006_changes.sql','2026-11-27 12:00:00');
CREATE TABLE file_notes (
    digest TEXT NOT NULL, 
    storage TEXT NOT NULL, 
    noted_at BIGINT NOT NULL, 
    sweep TEXT, 
    CONSTRAINT pk_file_notes PRIMARY KEY (digest, storage)
);
INSERT INTO "file_notes" VALUES('84a910315b56ca0a56691e1265366f44b8a76ed4b3be9aa4d045a9592dddb651','21d9e97994d31779d0d580460415c5d8',4102444800000,NULL);
CREATE TABLE framework_schema (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT framework_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "framework_schema" VALUES('0003');
CREATE TABLE inkcre_schema (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT inkcre_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "inkcre_schema" VALUES('0006');
CREATE TABLE jobs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    kind TEXT NOT NULL, 
    payload TEXT NOT NULL, 
    state TEXT NOT NULL, 
    attempts INTEGER NOT NULL, 
    run_at TEXT NOT NULL, 
    claimable_at TEXT, 
    lease TEXT, 
    lane TEXT, 
    slot INTEGER, 
    started_at TEXT, 
    finished_at TEXT, 
    error TEXT, 
    result TEXT, 
    dedupe_key TEXT, 
    source_id BIGINT, 
    CONSTRAINT uq_jobs_dedupe_key UNIQUE (dedupe_key)
);
INSERT INTO "jobs" VALUES(1,'2026-11-20T12:00:00.123456Z','organize','{"block_id":8}','pending',0,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'organize:1:b0debb99125119d2ead2f6101da91260a44ec7847b6aa7b9878607319969a181',1);
INSERT INTO "jobs" VALUES(2,'2026-11-20T12:00:00.123456Z','organize','{"block_id":10}','pending',0,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'organize:1:a4e012f80b6491e7171cbe351cf574a9d46e9fcab67c525c5e389aed4d4976d9',1);
INSERT INTO "jobs" VALUES(3,'2026-11-20T12:00:00.123456Z','organize','{"block_id":11}','pending',0,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'organize:1:f06de3b9610d203e4b966030fc2214ade4c4d1487f74113d2abaf6c8b0c78cd2',1);
INSERT INTO "jobs" VALUES(4,'2026-11-20T12:00:00.123456Z','sweep','{}','pending',0,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'2036-11-17T12:00:00.123456Z','collect','{"full":false}','pending',0,'2036-11-17T12:00:00.123456Z','2036-11-17T12:00:00.123456Z',NULL,'source:2',NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "jobs" VALUES(6,'2026-11-20T12:00:00.123456Z','sweep','{}','pending',0,'2036-01-01T00:00:00.000000Z','2036-01-01T00:00:00.000000Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE keyvalues (
    "key" TEXT NOT NULL, 
    value BLOB NOT NULL, 
    expires_at BIGINT, 
    CONSTRAINT pk_keyvalues PRIMARY KEY ("key")
);
INSERT INTO "keyvalues" VALUES('kept for ever',X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF',NULL);
CREATE TABLE relations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    updated_at TEXT NOT NULL, 
    from_ INTEGER NOT NULL, 
    to_ INTEGER NOT NULL, 
    content TEXT NOT NULL, 
    CONSTRAINT uq_relations_from__to__content UNIQUE (from_, to_, content), 
    CONSTRAINT fk_relations_from__blocks FOREIGN KEY(from_) REFERENCES blocks (id) ON DELETE CASCADE ON UPDATE CASCADE, 
    CONSTRAINT fk_relations_to__blocks FOREIGN KEY(to_) REFERENCES blocks (id) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "relations" VALUES(1,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',1,2,'cites');
INSERT INTO "relations" VALUES(2,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',3,4,'named');
INSERT INTO "relations" VALUES(3,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',5,6,'named');
INSERT INTO "relations" VALUES(4,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',8,9,'tagged');
INSERT INTO "relations" VALUES(5,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',10,9,'tagged');
INSERT INTO "relations" VALUES(6,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z',11,9,'tagged');
CREATE TABLE "schedules" (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    updated_at TEXT NOT NULL, 
    kind TEXT NOT NULL, 
    payload TEXT NOT NULL, 
    cron TEXT, 
    every_seconds INTEGER, 
    timezone TEXT, 
    next_run_at TEXT, 
    last_due_at TEXT, 
    source_id INTEGER, 
    CONSTRAINT uq_schedules_source_id UNIQUE (source_id)
);
INSERT INTO "schedules" VALUES(1,'1970-01-01T00:00:00.000000Z','1970-01-01T00:00:00.000000Z','sweep','{}',NULL,3600,NULL,'1970-01-01T00:00:00.000000Z',NULL,NULL);
INSERT INTO "schedules" VALUES(2,'1970-01-01T00:00:00.000000Z','1970-01-01T00:00:00.000000Z','sweep files','{}',NULL,86400,NULL,'1970-01-01T00:00:00.000000Z',NULL,NULL);
INSERT INTO "schedules" VALUES(3,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','collect','{"full":false}','0 7 * * mon-fri',NULL,'Europe/Berlin','2026-11-23T06:00:00.000000Z',NULL,2);
INSERT INTO "schedules" VALUES(4,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','collect','{"full":false}','30 7 * * *',NULL,NULL,'2026-11-21T07:30:00.000000Z',NULL,3);
CREATE TABLE source_items (
    source_id INTEGER NOT NULL, 
    "key" TEXT NOT NULL, 
    digest TEXT NOT NULL, 
    stamp TEXT, 
    arcs TEXT NOT NULL, 
    block_id INTEGER, 
    block_digest TEXT NOT NULL, 
    is_own INTEGER NOT NULL, 
    CONSTRAINT pk_source_items PRIMARY KEY (source_id, "key"), 
    CONSTRAINT fk_source_items_source_id_sources FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE CASCADE, 
    CONSTRAINT fk_source_items_block_id_blocks FOREIGN KEY(block_id) REFERENCES blocks (id) ON DELETE SET NULL
);
INSERT INTO "source_items" VALUES(1,'key 0','b0debb99125119d2ead2f6101da91260a44ec7847b6aa7b9878607319969a181','s0','[["","2a0640b23eb7b6699e23116ff8e2e353f06149195a789231b91d6fe9253253e1","tagged"]]',8,'5e4e57e0db09bdf8854da646356e6061f806e515f6abee275ea13c60010047fc',1);
INSERT INTO "source_items" VALUES(1,'key 1','a4e012f80b6491e7171cbe351cf574a9d46e9fcab67c525c5e389aed4d4976d9','s1','[["","2a0640b23eb7b6699e23116ff8e2e353f06149195a789231b91d6fe9253253e1","tagged"]]',10,'c3040dcebf5c7153a1705201d482a5a9ef37bb1c6e3a95360109c18c16ac85b7',1);
INSERT INTO "source_items" VALUES(1,'key 2','f06de3b9610d203e4b966030fc2214ade4c4d1487f74113d2abaf6c8b0c78cd2','s2','[["","2a0640b23eb7b6699e23116ff8e2e353f06149195a789231b91d6fe9253253e1","tagged"]]',11,'f186c09685746161168050521d2ab51fc43bd2bf183bcca3dc4cffc496851757',1);
CREATE TABLE sources (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    created_at TEXT NOT NULL, 
    updated_at TEXT NOT NULL, 
    type TEXT NOT NULL, 
    nickname TEXT, 
    config TEXT NOT NULL, 
    collect_at TEXT, 
    state TEXT NOT NULL
);
INSERT INTO "sources" VALUES(1,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','inbox','an inbox','{"secret": null, "mapping": {"block": {"content": "", "resolver": "text", "storage": null}, "relations": [], "items": null, "key": null}}',NULL,'{}');
INSERT INTO "sources" VALUES(2,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','rss',NULL,'{"url": "https://example.org/feed.xml", "full_text": false}',NULL,'{"etag":null,"last_modified":null}');
INSERT INTO "sources" VALUES(3,'2026-11-20T12:00:00.123456Z','2026-11-20T12:00:00.123456Z','rss','former','{"url": "https://example.org/other.xml", "full_text": false}','{"day_of_week":null,"hour":7,"minute":30}','{"etag":null,"last_modified":null}');
CREATE TABLE storages (
    name TEXT NOT NULL, 
    nickname TEXT, 
    type TEXT NOT NULL, 
    CONSTRAINT pk_storages PRIMARY KEY (name)
);
INSERT INTO "storages" VALUES('url','URL','url');
INSERT INTO "storages" VALUES('file',NULL,'file');
CREATE INDEX ix_blocks_resolver_id ON blocks (resolver, id);
CREATE INDEX ix_blocks_storage_id ON blocks (storage, id);
CREATE INDEX ix_relations_from__id ON relations (from_, id);
CREATE INDEX ix_relations_to__id ON relations (to_, id);
CREATE INDEX ix_blocks_file ON blocks (content) WHERE storage = 'file';
CREATE INDEX ix_source_items_block_id ON source_items (block_id);
CREATE INDEX ix_jobs_claimable ON jobs (claimable_at, id) WHERE claimable_at IS NOT NULL;
CREATE INDEX ix_jobs_waiting ON jobs (kind, state, claimable_at, id) WHERE claimable_at IS NOT NULL;
CREATE INDEX ix_jobs_lane ON jobs (lane, id) WHERE claimable_at IS NOT NULL;
CREATE UNIQUE INDEX uq_jobs_running_lane ON jobs (lane) WHERE state = 'running';
CREATE UNIQUE INDEX uq_jobs_slot ON jobs (kind, slot) WHERE slot IS NOT NULL;
CREATE INDEX ix_jobs_state_id ON jobs (state, id);
CREATE INDEX ix_jobs_kind_id ON jobs (kind, id);
CREATE INDEX ix_jobs_source_id_id ON jobs (source_id, id);
CREATE INDEX ix_jobs_finished_at ON jobs (finished_at);
CREATE INDEX ix_file_notes_storage_noted_at ON file_notes (storage, noted_at);
CREATE INDEX ix_schedules_due ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE UNIQUE INDEX uq_schedules_own ON schedules (kind) WHERE source_id IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('d1_migrations',9);
INSERT INTO "sqlite_sequence" VALUES('blocks',14);
INSERT INTO "sqlite_sequence" VALUES('relations',6);
INSERT INTO "sqlite_sequence" VALUES('sources',3);
INSERT INTO "sqlite_sequence" VALUES('jobs',6);
INSERT INTO "sqlite_sequence" VALUES('schedules',4);
INSERT INTO "sqlite_sequence" VALUES('changes',3);
COMMIT;

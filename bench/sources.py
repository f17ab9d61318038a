"""The databases measured on: throwaway servers started by tests/servers, and SQLite files. Each makes tables of
ten typed columns, about 340 bytes of JSON a row, changed a second apart up to an hour ago, and says how each program is to be pointed at them."""
import os
import sqlite3
import subprocess
import urllib.parse

COLUMNS = """id bigint PRIMARY KEY, customer_id bigint NOT NULL, status varchar(20) NOT NULL, total decimal(12,2) NOT NULL,
  paid boolean NOT NULL, address varchar(200) NOT NULL, note varchar(200) NOT NULL, meta json NOT NULL,
  created_at {stamp} NOT NULL, updated_at {stamp} NOT NULL"""
VALUES = """98765432, 'paid', 1299.90, {true}, '12 Long Street, 34567 Some Town, Some Country',
  'leave it at the door, "not" the window, thank you', '{{"source": "web", "coupon": null}}', {now}, {now}"""


class Postgres:
    name, floor = "postgres", "postgres"

    def __init__(self, url, pid):
        self.server, self.pid = url, pid
        self.sql("DROP DATABASE IF EXISTS bench WITH (FORCE)", "CREATE DATABASE bench")
        self.url = url.rsplit("/", 1)[0] + "/bench"
        self.floor_source = self.url

    def sql(self, *statements, url=None):
        for statement in statements:
            subprocess.run(["psql", "-XAtqv", "ON_ERROR_STOP=1", url or self.server], input=statement.encode(), check=True,
                           stdout=subprocess.DEVNULL, env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})

    def make(self, tables, rows):
        columns = COLUMNS.format(stamp="timestamptz")
        values = VALUES.format(true="true", now=f"now() - interval '1 second' * ({rows} - i + 3600)")
        self.sql("".join(
            f"DROP TABLE IF EXISTS {t}; CREATE TABLE {t} ({columns}); "
            f"INSERT INTO {t} SELECT i, {values} FROM generate_series(1, {rows}) i; CREATE INDEX ON {t} (updated_at, id); "
            for t in tables), url=self.url)
        self.sql("VACUUM ANALYZE", "CHECKPOINT", url=self.url)

    def change(self, table, rows, count, turn):
        """`count` of its `rows`, spread over all of it; others each turn."""
        self.sql(f"UPDATE {table} SET total = total + 1, updated_at = clock_timestamp() WHERE id IN ({self.spread(rows, count, turn)})",
                 url=self.url)

    def delete(self, table, rows, count, turn):
        self.sql(f"DELETE FROM {table} WHERE id IN ({self.spread(rows, count, turn)})", url=self.url)

    @staticmethod
    def spread(rows, count, turn):
        return f"SELECT 1 + (i * {rows} / {count} + {turn}) % {rows} FROM generate_series(0::bigint, {count} - 1) i"


class MariaDB:
    name, floor = "mariadb", "mysql"

    def __init__(self, url, pid):
        self.pid = pid
        parts = urllib.parse.urlsplit(url)
        self.login = (parts.hostname, str(parts.port), parts.username, urllib.parse.unquote(parts.password or ""))
        self.sql("DROP DATABASE IF EXISTS bench; CREATE DATABASE bench", database="mysql")
        self.url = url.rsplit("/", 1)[0].replace("mysql://", "mariadb://") + "/bench"
        self.node_url = self.url.replace("mariadb://", "mysql://")
        self.floor_source = ":".join((*self.login, "bench"))

    def sql(self, text, database="bench"):
        host, port, user, password = self.login
        subprocess.run(["mariadb", f"-h{host}", f"-P{port}", f"-u{user}", database], input=text.encode(), check=True,
                       env={**os.environ, "MYSQL_PWD": password})

    def make(self, tables, rows):
        columns = COLUMNS.format(stamp="timestamp(6)")
        values = VALUES.format(true="1", now=f"now(6) - INTERVAL ({rows} - seq + 3600) SECOND")
        self.sql("".join(
            f"DROP TABLE IF EXISTS {t}; CREATE TABLE {t} ({columns}, KEY (updated_at, id)); "
            f"INSERT INTO {t} SELECT seq, {values} FROM seq_1_to_{rows}; " for t in tables))


class SQLite:
    name, floor, pid = "sqlite", "sqlite", 0

    def __init__(self, folder):
        self.file = os.path.join(folder, "bench.db")
        self.url, self.floor_source = "sqlite://" + self.file, self.file

    def make(self, tables, rows):
        values = VALUES.format(true="1", now=f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({rows} - i + 3600) || ' seconds')")
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA journal_mode=WAL")
            for t in tables:
                database.executescript(
                    f"DROP TABLE IF EXISTS {t}; CREATE TABLE {t} ({COLUMNS.format(stamp='timestamp')});"
                    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
                    f"INSERT INTO {t} SELECT i, {values} FROM n; CREATE INDEX {t}_updated ON {t} (updated_at, id);")
        sqlite3.connect(self.file).execute("PRAGMA wal_checkpoint(TRUNCATE)")

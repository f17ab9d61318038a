"""The careful Python user's poller: psycopg2 and requests, keyset pages, one session kept alive, signed bodies.
   python3 python.py URL TABLE HOOK_URL PAGE_ROWS"""
import base64
import hashlib
import hmac
import json
import sys
import time
import uuid

import psycopg2
import psycopg2.extras
import requests

url, table, hook_url, page_rows = sys.argv[1:4] + [int(sys.argv[4])]
key = b"k" * 32
columns = "id, customer_id, status, total, paid, address, note, meta, created_at, updated_at"
http = requests.Session()
http.trust_env = False
database = psycopg2.connect(url)
cursor = database.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
cursor.execute("SET TimeZone = 'UTC'")


def post(rows, sequence):
    body = json.dumps({"type": "VIRTUAL", "webhook": {"id": "python", "event": "updated"}, "data": rows, "sequence": sequence},
                      default=str, separators=(",", ":")).encode()
    id_, timestamp = uuid.uuid4().hex, str(int(time.time()))
    signature = base64.b64encode(hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)).decode()
    http.post(hook_url, data=body, timeout=15, headers={
        "content-type": "application/json", "webhook-id": id_, "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + signature}).raise_for_status()


after, sequence = 0, 0
while True:
    cursor.execute(f"SELECT {columns} FROM {table} WHERE id > %s ORDER BY id LIMIT {page_rows}", (after,))
    rows = cursor.fetchall()
    if not rows:
        break
    after, sequence = rows[-1]["id"], sequence + 1
    post(rows, sequence)
    if len(rows) < page_rows:
        break

import base64, hmac, json, time


class WebhookVerificationError(Exception):
    pass


class Webhook:
    def __init__(self, secret):
        self.key = base64.b64decode(secret.removeprefix("whsec_"))

    def verify(self, data, headers):
        body = data if isinstance(data, str) else data.decode()
        given = {name.lower(): value for name, value in headers.items()}
        stamp = given.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
            raise WebhookVerificationError("the timestamp is missing, too old or too new")
        signed = f"{given.get('webhook-id')}.{stamp}.{body}".encode()
        wanted = "v1," + base64.b64encode(hmac.digest(self.key, signed, "sha256")).decode()
        if not any(hmac.compare_digest(wanted, one) for one in given.get("webhook-signature", "").split(" ")):
            raise WebhookVerificationError("no signature is right")
        return json.loads(body)

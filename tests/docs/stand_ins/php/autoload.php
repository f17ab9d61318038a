<?php

namespace StandardWebhooks\Exception;

class WebhookVerificationException extends \Exception
{
}

namespace StandardWebhooks;

class Webhook
{
    private $key;

    public function __construct($secret)
    {
        $this->key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    }

    public function verify($payload, $headers)
    {
        $stamp = $headers['webhook-timestamp'] ?? '';
        if (!isset($headers['webhook-id'], $headers['webhook-signature']) || abs(time() - (int) $stamp) > 300) {
            throw new Exception\WebhookVerificationException('a header is missing, or the timestamp is too old or too new');
        }
        $signed = $headers['webhook-id'] . '.' . $stamp . '.' . $payload;
        $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $this->key, true));
        foreach (explode(' ', $headers['webhook-signature']) as $given) {
            if (hash_equals($wanted, $given)) {
                return json_decode($payload, true);
            }
        }
        throw new Exception\WebhookVerificationException('no signature is right');
    }
}

import type { Topic } from '../topic.ts'

export const topic: Topic = {
  blocks: [
    {
      text: [
        'With --json (-j) the answer on standard output is JSON. New members may be added to an object; those that are there stay. Lines on standard error stay text, but for an error, which is one line of JSON.',
      ],
    },
    {
      heading: 'An error:',
      lines: ['{"error":{"code":"ERR_…","message":"…","hint":"…","file":"…","changed":false}}'],
      text: [
        'hint and file are null where there is none; changed says whether the file was changed, and is null where that is no question or can not be said.',
      ],
    },
    {
      heading: 'config:',
      lines: ['{"NAMESPACE:NAME": {"value": "…", "objectValue": …, "secret": false}}'],
      text: [
        'Byte for byte what Pulumi prints. value is always text; objectValue is there for lists and mappings. A secret has neither without --show-secrets; one that does not open has its code as error.',
        'config set-all takes the same form.',
      ],
    },
    { heading: 'config get:', lines: ['{"value": "…", "objectValue": …, "secret": true}'] },
    { heading: 'encrypt, decrypt:', lines: ['{"ciphertext": "v1:…"}', '{"plaintext": "…"}'] },
    { heading: 'stack ls:', lines: ['[{"name": "dev", "current": true}]'] },
    {
      heading: 'stack output:',
      lines: ['{"url": "https://…", "password": "[secret]"}'],
      text: ['As Pulumi prints it. With a name, the value alone.'],
    },
    {
      heading: 'state inspect, state verify:',
      lines: [
        '{"file": "state.json", "kind": "export", "version": 3, "features": [], "stack": null,',
        '  "provider": "passphrase", "url": "passphrase:", "encrypted": 3, "clear": 0, "described": {}}',
        '{"file": "state.json", "ok": false, "opened": 2, "failed": [{"urn": "urn:pulumi:…",',
        '  "path": "outputs.password", "code": "ERR_…", "message": "…"}],',
        '  "url": "passphrase:", "described": {}}',
      ],
      text: [
        'kind is export, checkpoint, checkpoint-v1, deployment, sealed or history; the states themselves are JSON anyway.',
      ],
    },
    {
      heading: 'verify:',
      lines: [
        '[{"file": "Pulumi.dev.yaml", "ok": false, "url": "passphrase:", "opened": 3,',
        '  "failed": [{"place": "db.password", "code": "ERR_…", "message": "…"}],',
        '  "marked": [12]}]',
      ],
      text: [
        'A file that could not be checked has error (code and message) instead. marked holds the lines of values that are marked !secret and stand in plain text. state (url, sameKey, opened, failed) is there for the stack that is meant, where its backend is a folder and has its state.',
      ],
    },
    {
      heading: 'inspect:',
      lines: [
        '[{"file": "Pulumi.dev.yaml", "url": "passphrase:",',
        '  "described": {"provider": "…"}, "keys": [{"key": "db", "secret": true}],',
        '  "secrets": 1, "marked": []}]',
      ],
      text: [
        'problem (code and message) is there where the sealed key can not be used; state (secrets, url, sameKey) for the stack that is meant, where its backend is a folder and has its state.',
      ],
    },
    {
      heading: 'doctor:',
      lines: ['{"ok": true, "checks": [{"check": "project", "level": "ok",', '  "message": "…", "run": null}]}'],
      text: ['level is ok, warning or failure; run is the one command to run next.'],
    },
  ],
}

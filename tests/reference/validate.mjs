// Two public validators of OpenAPI documents: validate.mjs DOCUMENT
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createConfig, lint } from '@redocly/openapi-core';

const path = process.argv[2];
const schema = await new Validator().validate(JSON.parse(readFileSync(path, 'utf8')));
console.log(`openapi-schema-validator: ${schema.valid ? 'valid' : JSON.stringify(schema.errors, null, 1)}`);

const config = await createConfig({ extends: ['recommended'], rules: { 'no-server-example.com': 'off' } });
const problems = await lint({ ref: path, config });
for (const p of problems) console.log(`${p.severity} ${p.ruleId}: ${p.message} at ${p.location[0]?.pointer}`);
const errors = problems.filter((p) => p.severity === 'error').length;
console.log(`openapi-core: ${errors} errors, ${problems.length - errors} warnings`);
process.exitCode = schema.valid && problems.length === 0 ? 0 : 1;

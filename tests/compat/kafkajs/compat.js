// kafkajs against a broker, with its own defaults: admin, produce, groups whose members leave and are killed,
// transactions, read committed; with SLUICE_REGISTRY, a URL, also @kafkajs/confluent-schema-registry.
// Usage: node compat.js BOOTSTRAP. Prints a line a check and "N passed, N failed". The checks run side by side: most wait.
//        node compat.js BOOTSTRAP member GROUP TOPIC: a member of a group until it is killed.
const assert = require('assert');
const {spawn} = require('child_process');
const {Kafka, logLevel, CompressionTypes} = require('kafkajs');

const kafka = new Kafka({clientId: 'compat', brokers: [process.argv[2]], logLevel: logLevel.NOTHING});
const run = Math.random().toString(16).slice(2, 10);
const topicName = (name) => `kafkajs-${name}-${run}`;

async function create(topic, numPartitions) {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({waitForLeaders: true, topics: [{topic, numPartitions, replicationFactor: 1}]});
  await admin.disconnect();
}

// Joins `groupId`, reads `count` values of `topic` from its beginning, leaves.
async function consume(topic, groupId, count) {
  const consumer = kafka.consumer({groupId, readUncommitted: false});
  await consumer.connect();
  await consumer.subscribe({topics: [topic], fromBeginning: true});
  const values = [];
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  await consumer.run({
    eachMessage: async ({message}) => {
      values.push(message.value.toString());
      if (values.length >= count) finish();
    },
  });
  const timer = setTimeout(finish, 20000);
  await finished;
  clearTimeout(timer);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await consumer.disconnect();
  return values;
}

// A member of a group; `member.assigned` is its number of partitions. The session is shorter than the default 30 s, so
// that a death is noticed while somebody waits.
async function join(topic, groupId) {
  const consumer = kafka.consumer({groupId, sessionTimeout: 6000, heartbeatInterval: 1000, maxWaitTimeInMs: 500});
  const member = {assigned: 0, leave: () => consumer.disconnect()};
  consumer.on(consumer.events.GROUP_JOIN, ({payload}) => (member.assigned = (payload.memberAssignment[topic] || []).length));
  await consumer.connect();
  await consumer.subscribe({topics: [topic]});
  await consumer.run({eachMessage: async () => {}});
  return member;
}

async function until(what, condition) {
  const end = Date.now() + 30000;
  while (!condition()) {
    assert(Date.now() < end, `${what}: not within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const checks = {
  'goes on when a member of three is killed and another leaves': async () => {
    const topic = topicName('killed');
    const group = topicName('killed');
    await create(topic, 6);
    const doomed = spawn(process.execPath, [__filename, process.argv[2], 'member', group, topic], {stdio: 'inherit'});
    try {
      const a = await join(topic, group);
      const b = await join(topic, group);
      await until('three share', () => a.assigned === 2 && b.assigned === 2);
      doomed.kill('SIGKILL');
      await until('two share', () => a.assigned === 3 && b.assigned === 3);
      await b.leave();
      await until('one has all', () => a.assigned === 6);
      await a.leave();
    } finally {
      doomed.kill('SIGKILL');
    }
  },
  'administrates topics, offsets, groups': async () => {
    const topic = topicName('admin-more');
    const groupId = topicName('admin-group');
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({topics: [{topic, numPartitions: 1, configEntries: [{name: 'retention.ms', value: '3600000'}]}]});
    assert.strictEqual(await admin.createTopics({topics: [{topic}]}), false);
    const resource = {type: 2, name: topic};
    const retention = async () => {
      const described = await admin.describeConfigs({resources: [{...resource, configNames: ['retention.ms']}], includeSynonyms: false});
      return described.resources[0].configEntries[0].configValue;
    };
    assert.strictEqual(await retention(), '3600000');
    await admin.alterConfigs({resources: [{...resource, configEntries: [{name: 'retention.ms', value: '7200000'}]}]});
    assert.strictEqual(await retention(), '7200000');
    assert.strictEqual((await admin.describeCluster()).brokers.length, 1);

    const producer = kafka.producer();
    await producer.connect();
    await producer.send({topic, messages: [...Array(10).keys()].map((i) => ({value: `v${i}`, timestamp: `${Date.now() - 1000 + i}`}))});
    await producer.disconnect();
    assert.strictEqual((await admin.fetchTopicOffsets(topic))[0].high, '10');
    await admin.deleteTopicRecords({topic, partitions: [{partition: 0, offset: '4'}]});
    assert.strictEqual((await admin.fetchTopicOffsets(topic))[0].low, '4');
    await admin.setOffsets({groupId, topic, partitions: [{partition: 0, offset: '7'}]});
    assert.strictEqual((await admin.fetchOffsets({groupId, topics: [topic]}))[0].partitions[0].offset, '7');
    assert.deepStrictEqual((await consume(topic, groupId, 3)).length, 3);
    assert((await admin.listGroups()).groups.some((group) => group.groupId === groupId));
    assert.strictEqual((await admin.describeGroups([groupId])).groups[0].state, 'Empty');
    await admin.deleteGroups([groupId]);
    await admin.createPartitions({topicPartitions: [{topic, count: 3}]});
    assert.strictEqual((await admin.fetchTopicMetadata({topics: [topic]})).topics[0].partitions.length, 3);
    await admin.deleteTopics({topics: [topic]});
    await admin.disconnect();
  },
  'sends offsets in a transaction, and ends empty ones': async () => {
    const topic = topicName('txn-offsets');
    const consumerGroupId = topicName('txn-offsets');
    await create(topic, 1);
    const admin = kafka.admin();
    await admin.connect();
    const producer = kafka.producer({transactionalId: topicName('offsets'), maxInFlightRequests: 1, idempotent: true});
    await producer.connect();
    for (const commit of [true, false]) {
      const transaction = await producer.transaction();
      await transaction.send({topic, messages: [{value: 'x'}]});
      await transaction.sendOffsets({consumerGroupId, topics: [{topic, partitions: [{partition: 0, offset: commit ? '5' : '9'}]}]});
      await (commit ? transaction.commit() : transaction.abort());
    }
    assert.strictEqual((await admin.fetchOffsets({groupId: consumerGroupId, topics: [topic]}))[0].partitions[0].offset, '5');
    await (await producer.transaction()).commit();
    await (await producer.transaction()).abort();
    await producer.disconnect();
    await admin.disconnect();
  },
  'lists a topic it created, and deletes it': async () => {
    const topic = topicName('admin');
    await create(topic, 3);
    const admin = kafka.admin();
    await admin.connect();
    const metadata = await admin.fetchTopicMetadata({topics: [topic]});
    assert.strictEqual(metadata.topics[0].partitions.length, 3);
    await admin.deleteTopics({topics: [topic]});
    assert(!(await admin.listTopics()).includes(topic));
    await admin.disconnect();
  },
  'produces, gzip too, and a group reads all': async () => {
    const topic = topicName('plain');
    await create(topic, 2);
    const producer = kafka.producer();
    await producer.connect();
    const messages = [...Array(500).keys()].map((i) => ({key: `k${i}`, value: `v${i}`}));
    await producer.send({topic, messages});
    await producer.send({topic, messages, compression: CompressionTypes.GZIP});
    await producer.disconnect();
    const values = await consume(topic, topicName('group'), 1000);
    assert.strictEqual(values.length, 1000);
    assert.strictEqual(new Set(values).size, 500);
  },
  'commits and aborts transactions': async () => {
    const topic = topicName('txn');
    await create(topic, 1);
    const producer = kafka.producer({transactionalId: topicName('id'), maxInFlightRequests: 1, idempotent: true});
    await producer.connect();
    for (let i = 0; i < 10; i++) {
      const transaction = await producer.transaction();
      const word = i % 2 === 0 ? 'yes' : 'no';
      await transaction.send({topic, messages: [{value: `${word}${i}`}, {value: `${word}${i}`}]});
      await (i % 2 === 0 ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    const values = await consume(topic, topicName('txn-group'), 10);
    assert.strictEqual(values.length, 10);
    assert(values.every((value) => value.startsWith('yes')));
  },
  'commits offsets that the next member begins from': async () => {
    const topic = topicName('offsets');
    await create(topic, 1);
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({topic, messages: [{value: 'one'}, {value: 'two'}]});
    assert.deepStrictEqual(await consume(topic, topicName('offsets-group'), 2), ['one', 'two']);
    await producer.send({topic, messages: [{value: 'three'}]});
    await producer.disconnect();
    assert.deepStrictEqual(await consume(topic, topicName('offsets-group'), 1), ['three']);
  },
};

const registryChecks = {
  'registers, encodes, decodes and evolves by the registry': async () => {
    const {SchemaRegistry, SchemaType} = require('@kafkajs/confluent-schema-registry');
    const host = process.env.SLUICE_REGISTRY;
    const registry = new SchemaRegistry({host});
    const topic = topicName('schemas');
    const subject = `${topic}-value`;
    const schemaOf = (...fields) => JSON.stringify({type: 'record', name: 'Row', namespace: 'compat', fields});
    const first = schemaOf({name: 'name', type: 'string'});
    const second = schemaOf({name: 'name', type: 'string'}, {name: 'age', type: ['null', 'int'], default: null});
    const {id} = await registry.register({type: SchemaType.AVRO, schema: first}, {subject});
    const newer = await registry.register({type: SchemaType.AVRO, schema: second}, {subject});
    assert(newer.id > id);
    assert.strictEqual((await registry.register({type: SchemaType.AVRO, schema: first}, {subject})).id, id);
    assert.strictEqual(await registry.getLatestSchemaId(subject), newer.id);
    assert.strictEqual(await registry.getRegistryId(subject, 1), id);
    assert.strictEqual(await registry.getRegistryIdBySchema(subject, {type: SchemaType.AVRO, schema: second}), newer.id);
    await create(topic, 1);
    const producer = kafka.producer();
    await producer.connect();
    const value = await registry.encode(newer.id, {name: 'n', age: 7});
    await producer.send({topic, messages: [{value}, {value: await registry.encode(id, {name: 'old'})}]});
    await producer.disconnect();
    const reader = new SchemaRegistry({host});
    assert.deepStrictEqual({...(await reader.decode(value))}, {name: 'n', age: 7});
    const bad = schemaOf({name: 'name', type: 'int'});
    await assert.rejects(registry.register({type: SchemaType.AVRO, schema: bad}, {subject}), /incompatible/);
  },
};

async function run_checks() {
  const all = {...checks, ...(process.env.SLUICE_REGISTRY ? registryChecks : {})};
  const outcomes = await Promise.all(Object.entries(all).map(async ([name, check]) => {
    const begin = Date.now();
    try {
      await check();
      console.log(`ok    ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
      return true;
    } catch (error) {
      console.log(`FAIL  ${name}: ${error.stack}`);
      return false;
    }
  }));
  const passed = outcomes.filter(Boolean).length;
  console.log(`${passed} passed, ${outcomes.length - passed} failed`);
  process.exit(passed === outcomes.length ? 0 : 1);
}

if (process.argv[3] === 'member') {
  join(process.argv[5], process.argv[4]);
} else {
  run_checks();
}

// kafkajs against a broker, with no special setting: admin, produce, a group, transactions, read committed.
// Usage: node compat.js BOOTSTRAP. Prints a line a check and "N passed, N failed".
const assert = require('assert');
const {Kafka, logLevel, CompressionTypes} = require('kafkajs');

const kafka = new Kafka({clientId: 'compat', brokers: [process.argv[2]], logLevel: logLevel.ERROR});
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

const checks = {
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

(async () => {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok    ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}: ${error.stack}`);
    }
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
})();

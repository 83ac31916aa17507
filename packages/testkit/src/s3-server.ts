import crypto, { randomUUID } from 'node:crypto'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'

export interface S3Server extends AsyncDisposable {
  /** What `createS3BlobStore` needs to know, for a bucket that nobody has used. */
  freshBucket(): { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }
}

const BUCKETS = 100

/** It makes tokens of lists by DES, which OpenSSL 3 does not offer; triple DES is as good for a test. */
function lendDes(): void {
  const { createCipheriv } = crypto
  crypto.createCipheriv = ((name: string, key: Buffer, iv: Buffer) =>
    name === 'des'
      ? createCipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), iv)
      : createCipheriv(name as 'aes-256-gcm', key, iv)) as typeof createCipheriv
}

/** In S3 an object is there as a whole or as it was before; here one could be read while it was written. */
function putWhole({ store }: S3rver, scratch: string): void {
  const putContent = store.putContent.bind(store)
  store.putContent = async (path, content) => {
    const aside = join(scratch, randomUUID())
    const put = await putContent(aside, content)
    await rename(aside, path)
    return put
  }
}

/** An S3-compatible server on a free port, for tests. */
export async function startS3Server(): Promise<S3Server> {
  lendDes()
  const directory = await mkdtemp(join(tmpdir(), 'pubky-s3-'))
  const scratch = await mkdtemp(join(tmpdir(), 'pubky-s3-scratch-'))
  const names = Array.from({ length: BUCKETS }, (_, i) => `bucket-${i}`)
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    // It leaves out the final slash of a path when it reckons the signature of a list; S3 does not.
    allowMismatchedSignatures: true,
    configureBuckets: names.map((name) => ({ name, configs: [] })),
  })
  putWhole(server, scratch)
  const { port } = await server.run()
  return {
    freshBucket() {
      const endpoint = `http://127.0.0.1:${port}/${names.shift() ?? ''}`
      return {
        endpoint,
        region: 'us-east-1',
        accessKeyId: 'S3RVER',
        secretAccessKey: 'S3RVER',
      }
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      for (const path of [directory, scratch]) await rm(path, { recursive: true, force: true })
    },
  }
}

/** The part of s3rver that is used. */
declare module '@20minutes/s3rver' {
  class S3rver {
    constructor(o: {
      port: number
      address: string
      silent: boolean
      directory: string
      allowMismatchedSignatures: boolean
      configureBuckets: { name: string; configs: [] }[]
    })
    readonly store: {
      /** Comes to the size and the MD5 in hex. */
      putContent(path: string, content: unknown): Promise<[number, string]>
    }
    run(): Promise<{ port: number }>
    close(): Promise<void>
  }
  export = S3rver
}

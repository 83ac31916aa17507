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
    run(): Promise<{ port: number }>
    close(): Promise<void>
  }
  export = S3rver
}

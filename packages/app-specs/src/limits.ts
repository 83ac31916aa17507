/** Limits of spec/data-model.md 6. Texts count Unicode scalar values, sizes count bytes. */
export const LIMITS = {
  userNameMinLength: 3,
  userNameMaxLength: 50,
  userBioMaxLength: 160,
  userImageUrlMaxLength: 300,
  userLinksMaxCount: 5,
  userLinkTitleMaxLength: 100,
  userLinkUrlMaxLength: 300,
  userStatusMaxLength: 50,
  postShortContentMaxLength: 2000,
  postLongContentMaxLength: 50_000,
  postAttachmentsMaxCount: 10,
  /** What readers older than 0.5.3 still accept; writers keep to it. */
  postAttachmentsMaxCountWriter: 4,
  postAttachmentUrlMaxLength: 200,
  postLockMaxLength: 200,
  articleTitleMaxLength: 100,
  articleBodyMaxLength: 50_000 - 100 - 22,
  collectionContentMaxLength: 40_000,
  collectionNameMaxLength: 100,
  collectionDescriptionMaxLength: 500,
  collectionItemsMaxCount: 100,
  collectionCoverUrlMaxLength: 200,
  tagLabelMaxLength: 20,
  fileNameMaxLength: 255,
  fileSrcMaxLength: 1024,
  maxFileSizeBytes: 104_857_600,
  maxBlobSizeBytes: 104_857_600,
  feedTagsMaxCount: 5,
  feedIconMaxLength: 50,
} as const

/** 2024-10-01T00:00:00Z; timestamp ids before it are refused (spec/data-model.md 4.1). */
export const FIRST_ID_MICROS = 1_727_740_800_000_000n
/** How far in the future a timestamp id may lie. */
export const ID_FUTURE_MICROS = 2n * 3_600_000_000n

/** Content of a deleted post, name of a deleted person; only indexers produce it. */
export const DELETED = '[DELETED]'

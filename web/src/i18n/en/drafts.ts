export const drafts = {
  title: 'Drafts',
  text: 'Kept in this browser, for you alone.',
  modePost: 'New post',
  modeReply: 'Reply',
  modeRepost: 'Quote',
  modeEdit: 'Change of a post',
  open: 'Continue',
  discard: 'Discard',
  untitled: 'Pictures only',
  pictures: { one: '{count} picture', other: '{count} pictures' },
  emptyTitle: 'No drafts',
  emptyText: 'What you write and do not send is kept here.',
} as const

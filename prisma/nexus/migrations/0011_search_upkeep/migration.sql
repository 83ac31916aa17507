-- Words that no text contains any more are removed after each batch.
create index search_words_unused on search_words (word) where uses <= 0;

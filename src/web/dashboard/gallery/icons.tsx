/** A star; filled where its button is pressed. */
export const StarIcon = () => (
  <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d="M8 1.7l1.9 4 4.4.6-3.2 3 .8 4.4L8 11.6l-3.9 2.1.8-4.4-3.2-3 4.4-.6z" />
  </svg>
);

// Before anything is painted: a theme that somebody chose must not appear after the other one. No module, for those wait.
{
  const theme = localStorage.getItem('quotewire.theme')
  if (theme !== null) document.documentElement.dataset['theme'] = theme
}

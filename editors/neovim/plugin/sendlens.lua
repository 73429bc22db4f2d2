-- The command `:Sendlens`. Everything behind it is loaded when it is used.
if vim.g.loaded_sendlens then
  return
end
vim.g.loaded_sendlens = true

vim.api.nvim_create_user_command('Sendlens', function(arguments)
  require('sendlens').run(arguments.fargs)
end, {
  nargs = '+',
  desc = 'Sendlens: restart the server or open its log',
  complete = function(lead)
    return require('sendlens').complete(lead)
  end,
})
